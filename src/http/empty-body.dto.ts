import { ApiSchema } from '@nestjs/swagger';

/** Nothing: the route says it all. The body may be left out or be `{}`. */
@ApiSchema({ name: 'EmptyBody' })
export class EmptyBodyDto {}
