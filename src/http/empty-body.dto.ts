import { ApiSchema } from '@nestjs/swagger';

/** No members: the route needs no content. The body may be left out or be `{}`. */
@ApiSchema({ name: 'EmptyBody' })
export class EmptyBodyDto {}
