/**
 * English: every text of the page, and its words with their articles. The model of every other language: a new one is a file
 * beside this one, and nothing else.
 *
 * A message with a gap is a function. `word` in a gap stands bare ("house"), `phrase` with its article ("a house").
 */
import { wordsOf, type Words } from '../words'

const messages = {
  app: {
    otherLanguage: 'Language',
    skip: 'Skip to the content',
    close: 'Close',
    cancel: 'Cancel',
  },
  nav: {
    label: 'Screens',
    draw: 'Draw',
    play: 'Play',
    look: 'What it sees',
    gallery: 'My drawings',
    how: 'How it works',
    settings: 'Settings',
    measure: 'Measure',
  },
  draw: {
    paper: 'Drawing paper. Draw with a mouse, a finger or a pen.',
    invitation: 'Draw something',
    invitationMore: 'I’ll guess while you draw.',
    undo: 'Undo',
    redo: 'Redo',
    clear: 'Clear',
    idea: 'Idea',
    draw: (phrase: string) => `Draw ${phrase}`,
    found: (phrase: string) => `Found it: ${phrase}!`,
    full: 'The paper is full: undo or clear to go on.',
  },
  guess: {
    guesses: 'What it could be',
    waiting: 'What will it be?',
    waking: 'Waking up…',
    unsure: 'Not sure yet…',
    maybe: (phrase: string) => `${phrase}?`,
    sure: (phrase: string) => `${phrase}!`,
    onDevice: 'Guessed on your device. The drawing stays here.',
    onServer: 'Guessed on the server.',
    whyServer: 'This browser could not run the model itself.',
    unreachable: 'The guesser cannot be reached.',
    unanswered: 'No guess this time. Your drawing is safe.',
    retry: 'Try again',
    tooMuch: 'So many lines that I am lost: undo or clear, and I guess again.',
  },
  play: {},
  look: {},
  gallery: {},
  how: {},
  settings: {},
  exchange: {
    shareButton: 'Share',
    title: 'Save or share',
    preview: 'This is what the picture will look like.',
    white: 'White paper',
    caption: 'Write the guess below',
    save: 'Save',
    png: 'Picture',
    pngMore: 'PNG, for everybody',
    svg: 'Lines',
    svgMore: 'SVG, for drawing programs; comes back here as it was',
    ndjson: 'Lines and time',
    ndjsonMore: 'NDJSON, for programs that learn',
    share: 'Share the picture',
    link: 'A link with the drawing in it',
    linkText: 'Link',
    linkMore: 'The whole drawing is inside the link. Nothing is sent to a server.',
    linkLength: (signs: string) => `${signs} characters long.`,
    linkLong: 'That is long: some apps may cut it off. A file is safer.',
    copy: 'Copy the link',
    copied: 'Copied.',
    copyYourself: 'Copying is not allowed here: the link is selected, copy it yourself.',
    openTitle: 'Another drawing',
    openMore: 'Or drop a file on the paper, or paste a drawing or a link there.',
    open: 'Open a drawing…',
    drop: 'Drop your drawing here',
    dropMore: 'An SVG picture or an NDJSON file',
    arrived: (strokes: string, word: string) => `A drawing of ${strokes === '1' ? 'one stroke' : `${strokes} strokes`}${word === '' ? '' : `: ${word}`}.`,
    ofSeveral: (number: string, count: string) => `Number ${number} of ${count}.`,
    madeUp: 'It came without times, so I made them up.',
    undoBrings: 'Undo brings yours back.',
    next: 'Next drawing',
    dismiss: 'Close this message',
    sorry: 'I cannot read that. Your paper stays as it is.',
    faults: {
      link: 'This link is broken: a piece of it is missing or was changed on the way. Ask for it again, whole.',
      version: (found: string) => `This link is of a kind “${found}” that I do not know, I know only kind “1”. If it is newer, reload the page.`,
      svg: 'I expected an SVG picture, and it is damaged or something else.',
      lines: 'I found no lines in this SVG picture. Writing and photos in it are no lines to me.',
      file: 'This packed file is damaged: only a piece of it could be unpacked.',
      unknown: (found: string) => `I expected an SVG picture, NDJSON or a link of this page, and found “${found}”.`,
      unknownEmpty: 'I expected an SVG picture, NDJSON or a link of this page, and found nothing.',
      points: (found: string, most: string) => `I expected at most ${most} points in a drawing, and found ${found}.`,
      line: (place: string, expected: string, found: string) => `${place}: I expected ${expected}, and found “${found}”.`,
    },
    placeLine: (line: string) => `Line ${line}`,
    placeStroke: (line: string, stroke: string) => `Line ${line}, stroke ${stroke}`,
    expected: {
      json: 'one drawing, {"word": …, "drawing": …}',
      drawing: '"drawing": a list of strokes',
      stroke: 'a stroke, [[x…], [y…]] or [[x…], [y…], [t…]]',
      numbers: 'a list of numbers',
      point: 'at least one point',
      equal: 'as many x as y and as times',
    },
  },
  measure: {},
}

export type Messages = typeof messages
export type Language = {
  readonly code: string // BCP 47
  readonly name: string // in itself
  readonly messages: Messages
  /** What is missing here is shown by the model's own label. */
  readonly words: Words
}

/** By article, none for a plural or a mass. They must read well in "Draw …", "…!" and "I see …". */
const words = wordsOf({
  'a ': `
    backpack, banana, bandage, barn, baseball, baseball bat, basket, basketball, bat, bathtub, beach, bear, beard, bed,
    bee, belt, bench, bicycle, bird, birthday cake, blackberry, blueberry, book, boomerang, bottlecap, bowtie, bracelet,
    brain, bridge, broom, bucket, bulldozer, bus, bush, butterfly, cactus, cake, calculator, calendar, camel, camera,
    campfire, candle, cannon, canoe, car, carrot, castle, cat, ceiling fan, cell phone, cello, chair, chandelier,
    church, circle, clarinet, clock, cloud, coffee cup, compass, computer, cookie, cooler, couch, cow, crab, crayon,
    crocodile, crown, cruise ship, cup, diamond, dishwasher, diving board, dog, dolphin, donut, door, dragon, dresser,
    drill, duck, dumbbell, face, fan, feather, fence, finger, fire hydrant, fireplace, firetruck, fish, flamingo,
    flashlight, floor lamp, flower, flying saucer, foot, fork, frog, frying pan, garden, garden hose, giraffe, goatee,
    golf club, guitar, hamburger, hammer, hand, harp, hat, hedgehog, helicopter, helmet, hexagon, hockey puck,
    hockey stick, horse, hospital, hot air balloon, hot dog, hot tub, house, house plant, hurricane, jacket, jail,
    kangaroo, key, keyboard, knee, knife, ladder, lantern, laptop, leaf, leg, light bulb, lighter, lighthouse, line,
    lion, lipstick, lobster, lollipop, mailbox, map, marker, megaphone, mermaid, microphone, microwave, monkey,
    mosquito, motorbike, mountain, mouse, moustache, mouth, mug, mushroom, nail, necklace, nose, paint can, paintbrush,
    palm tree, panda, paper clip, parachute, parrot, passport, peanut, pear, pencil, penguin, piano, pickup truck,
    picture frame, pig, pillow, pineapple, pizza, police car, pond, pool, popsicle, postcard, potato, power outlet,
    purse, rabbit, raccoon, radio, rainbow, rake, remote control, rhinoceros, rifle, river, roller coaster, sailboat,
    sandwich, saw, saxophone, school bus, scorpion, screwdriver, sea turtle, see saw, shark, sheep, shoe, shovel, sink,
    skateboard, skull, skyscraper, sleeping bag, smiley face, snail, snake, snorkel, snowflake, snowman, soccer ball,
    sock, speedboat, spider, spoon, spreadsheet, square, squiggle, squirrel, star, steak, stereo, stethoscope,
    stop sign, stove, strawberry, streetlight, string bean, submarine, suitcase, swan, sweater, swing set, sword,
    syringe, t-shirt, table, teapot, teddy-bear, telephone, television, tennis racquet, tent, tiger, toaster, toe,
    toilet, tooth, toothbrush, tornado, tractor, traffic light, train, tree, triangle, trombone, truck, trumpet, van,
    vase, violin, washing machine, watermelon, waterslide, whale, wheel, windmill, wine bottle, wine glass, wristwatch,
    zebra, zigzag`,
  'an ': `
    aircraft carrier, airplane, alarm clock, ambulance, angel, animal migration, ant, anvil, apple, arm, axe, ear,
    elbow, elephant, envelope, eraser, eye, hourglass, ice cream, octagon, octopus, onion, oven, owl, umbrella`,
  'the ': `
    The Eiffel Tower: Eiffel Tower, The Great Wall of China: Great Wall of China, The Mona Lisa: Mona Lisa, moon, ocean,
    sun`,
  '': `
    asparagus, binoculars, bread, broccoli, camouflage, drums, eyeglasses, flip flops, grapes, grass, headphones,
    lightning, matches, pants, peas, pliers, rain, rollerskates, scissors, shorts, stairs, stitches, toothpaste,
    underwear, yoga`,
})

export default { code: 'en', name: 'English', messages, words } satisfies Language
