import { describe, expect, it } from 'vitest'
import { drawingsIn } from './drawingsIn'
import { drawings } from './golden.fixture'
import { linkText } from './link'

describe('drawingsIn', () => {
  it('finds a link in a sentence, and the lines of a file that begins with a mark', async () => {
    const link = `Look: https://draw.example/#/open/${await linkText(drawings.get('star')!)}.`
    expect((await drawingsIn(link)).at(0).strokes).toHaveLength(drawings.get('star')!.length)
    expect((await drawingsIn('\ufeff{"word":"a","drawing":[[[1],[2]]]}')).count).toBe(1)
  })

  it.each([
    ['', ''],
    ['  hello\nworld', 'hello'],
    ['\u0089PNG\r\n\u001a', 'PNG'],
  ])('says that %j is no drawing', async (text, found) => {
    await expect(drawingsIn(text)).rejects.toMatchObject({ fault: { kind: 'unknown', found } })
  })
})
