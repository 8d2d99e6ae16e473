import {Command, flags} from '@heroku-cli/command'
import {setTimeout as sleep} from 'node:timers/promises'
import {nextOf} from '../../lib/downstream.js'

// How often there is a dot; the end is looked for more often.
const dotEvery = 2000
const lookEvery = 100

export default class PipelinePromote extends Command {
  static description = 'run this app\'s slug on the downstream app too; config, add-ons and git repositories stay where they are'

  static examples = ['$ heroku pipeline:promote -a myapp-staging\nPromoting myapp-staging to myapp...done, v2']

  static flags = {
    app: flags.app({required: true}),
    remote: flags.remote(),
  }

  async run() {
    const {flags} = await this.parse(PipelinePromote)
    const {app, next} = await nextOf(this, flags.app)
    process.stdout.write(`Promoting ${app} to ${next}...`)
    try {
      await this.promote(app, next)
    } catch (error) {
      process.stdout.write('failed\n')
      throw error
    }
  }

  async promote(app, next) {
    const body = {source: {app: {id: app}}, targets: [{app: {id: next}}]}
    const {body: promotion} = await this.heroku.post('/pipeline-promotions', {body})
    const target = await this.endOf(promotion.id)
    if (target.status !== 'succeeded') {
      throw new Error((target.error_message || `The promotion to ${next} failed; what it ran before still runs.`) + await this.whereMoreIsTold(target, next))
    }

    const {body: release} = await this.heroku.get(`/apps/${target.app.id}/releases/${target.release.id}`)
    process.stdout.write(`done, v${release.version}\n`)
  }

  async whereMoreIsTold({app, release}, next) {
    if (!release) return ''
    const {body: {version, output_stream_url: output}} = await this.heroku.get(`/apps/${app.id}/releases/${release.id}`)
    return output ? ` See: heroku releases:output v${version} -a ${next}` : ''
  }

  async endOf(promotion) {
    for (let lastDot = Date.now(); ; await sleep(lookEvery)) {
      const {body: [target]} = await this.heroku.get(`/pipeline-promotions/${promotion}/promotion-targets`)
      if (target.status !== 'pending') return target
      if (Date.now() - lastDot >= dotEvery) {
        process.stdout.write('.')
        lastDot = Date.now()
      }
    }
  }
}
