import { describe, expect, it } from 'vitest'
import { toSketch, viewOf } from './view'

const stroke = { x: [-200, 180], y: [-90, 100], t: [0, 1] }

describe('viewOf', () => {
  it('shows a drawing that fits as large as it was drawn, in the middle', () => {
    expect(viewOf({ width: 600, height: 400 }, [stroke])).toEqual({ scale: 1, x: 300, y: 200 })
  })

  it('shrinks a drawing for which the paper has become too small, so that all of it shows', () => {
    const view = viewOf({ width: 300, height: 600 }, [stroke])
    for (const [x, y] of [[-200, -90], [180, 100]]) {
      expect(Math.abs(view.scale * x)).toBeLessThanOrEqual(150)
      expect(Math.abs(view.scale * y)).toBeLessThanOrEqual(300)
    }
  })

  it('is undone by toSketch', () => {
    const view = viewOf({ width: 300, height: 600 }, [stroke])
    const { x, y } = toSketch(view, view.x + view.scale * 42, view.y - view.scale * 7)
    expect(x).toBeCloseTo(42)
    expect(y).toBeCloseTo(-7)
  })
})
