// One word per thing that the compile step must know of package.json.
const fs = require('fs');
let app;
try {
    app = JSON.parse(fs.readFileSync('package.json', 'utf8').replace(/^\uFEFF/, ''));
    if (app === null || typeof app !== 'object') throw new Error('it is not an object');
} catch (e) {
    console.error(` !     package.json cannot be read: ${e.message}`);
    process.exit(1);
}
const some = (o) => o && Object.keys(o).length > 0;
const scripts = app.scripts || {};
const built = scripts.build || scripts['heroku-postbuild'];
const facts = {
    deps: some(app.dependencies) || some(app.optionalDependencies) || app.workspaces || (some(app.devDependencies) && built),
    prune: some(app.devDependencies) && built,
    build: built,
    postbuild: scripts['heroku-postbuild'],
    prebuild: scripts['heroku-prebuild'],
    start: scripts.start,
    hooks: ['preinstall', 'install', 'postinstall', 'prepare'].some((s) => scripts[s]) || app.workspaces,
};
console.log(Object.keys(facts).filter((f) => facts[f]).join(' '));
