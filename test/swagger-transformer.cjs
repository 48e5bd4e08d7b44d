// The documentation plugin that the build runs, for ts-jest: without it DTO classes under test carry no schema.
const plugin = require('@nestjs/swagger/plugin');
exports.name = 'nestjs-swagger';
exports.version = 1;
exports.factory = ({ program }) =>
  plugin.before(
    { introspectComments: true, dtoFileNameSuffix: ['.dto.ts'], controllerFileNameSuffix: ['.controller.ts'] },
    program,
  );
