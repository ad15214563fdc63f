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
  exchange: {},
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
