/** The picture of the shipped model: what is shown until the card of the model at work is there. */
import type { RasterSpec } from '../recognise/raster'

export const USUAL_RASTER: RasterSpec = { side: 64, line_width: 2, margin: 1.5, channels: ['ink', 'time', 'stroke'] }
