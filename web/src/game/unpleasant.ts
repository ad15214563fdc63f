/**
 * Words that the game asks nobody to draw by itself, each with the reason. A list of one's own may name them.
 *
 * The game is played by children, and in classrooms. Swords, knives and skulls stay: of knights, kitchens and pirates.
 */
export const UNPLEASANT: ReadonlyMap<string, string> = new Map([
  ['rifle', 'a weapon'],
  ['cannon', 'a weapon'],
  ['jail', 'frightens, and somebody’s parent may be there'],
  ['syringe', 'frightens, and stands for drugs'],
  ['stitches', 'a wound'],
  ['lighter', 'playing with fire; smoking'],
  ['matches', 'playing with fire'],
  ['wine bottle', 'alcohol'],
  ['wine glass', 'alcohol'],
])
