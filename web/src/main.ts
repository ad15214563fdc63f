import { mount } from 'svelte'
import App from './app/App.svelte'
import './page.css'

const target = document.getElementById('app')
if (!target) throw new Error('index.html: expected an element with id "app"')

mount(App, { target })
