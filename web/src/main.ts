import { mount } from 'svelte'
import App from './app/App.svelte'
import { freePad } from './draw/pad.svelte'
import { takeCarried } from './offline/carried'
import './page.css'
import { engine } from './recognise/engine.svelte'

const target = document.getElementById('app')
if (!target) throw new Error('index.html: expected an element with id "app"')

freePad.replace(takeCarried(performance.now()))
mount(App, { target })

// What works offline is fetched when the page can guess as well as it ever will: the first guess has the network for itself.
if (import.meta.env.PROD) {
  void engine.settled.then(async () => {
    const [{ offline }, { default: UpdateBar }] = await Promise.all([import('./offline/offline.svelte'), import('./offline/UpdateBar.svelte')])
    mount(UpdateBar, { target: document.body })
    await offline.start().catch(console.warn) // storage is forbidden here: the page works all the same, online
  })
}
