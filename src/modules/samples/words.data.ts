export const firstNames =
  `Ada Adèle Ahmed Aiko Alice Amara Anders Anna Beatriz Björn Carlos Chiara Clara Daniel David Elena Elif Emil Emma
  Farid Fatima Finn Grace Hannah Henry Hugo Ines Ivan Jakob James Jana Jonas José Julia Kenji Lars Laura Lea Liam Lina Lucas
  Maja Marco María Mateo Mei Mia Miguel Mira Nadia Nina Noah Nora Olga Oliver Omar Paul Priya Quentin Rosa Samuel Sara Sofia
  Søren Tariq Thomas Uma Victor Wanda Xavier Yara Yusuf Zoë`.split(/\s+/);

export const lastNames =
  `Abbott Almeida Andersson Bauer Becker Bianchi Carter Chen Costa Diaz Dubois Dupont Eriksen Evans Ferrari Fischer Garcia
  Gomez Green Haas Hansen Hughes Ivanova Jansen Johnson Kaya Keller Khan Kim Kowalski Krüger Lambert Larsen Lee Lopez Martin
  Meyer Moreau Müller Nakamura Nguyen Novak O'Brien O'Connor Okafor Olsen Park Patel Petit Quinn Reed Ricci Rossi Sato Schmidt
  Silva Smith Suzuki Tanaka Taylor Turner Ueda Varga Wagner Walker Weber Wilson Yamamoto Young Zhang Zimmermann`.split(
    /\s+/,
  );

/** Category, what is sold, and its price in cents from and to. */
export const goods: readonly (readonly [
  category: string,
  things: readonly string[],
  from: number,
  to: number,
])[] = [
  ['kitchen', ['Chef’s knife', 'Cast-iron pan', 'Stoneware bowl', 'Espresso pot', 'Salt mill'], 1500, 12_000],
  ['garden', ['Pruning shears', 'Watering can', 'Seed box', 'Folding chair', 'Lantern'], 900, 9000],
  ['office', ['Notebook', 'Fountain pen', 'Desk lamp', 'Letter tray', 'Wall calendar'], 400, 15_000],
  ['outdoor', ['Rucksack', 'Head torch', 'Water bottle', 'Rain jacket', 'Trail map'], 1200, 22_000],
  ['music', ['Ukulele', 'Metronome', 'Guitar strings', 'Turntable', 'Headphones'], 800, 60_000],
  ['home', ['Wool blanket', 'Linen curtain', 'Candle', 'Picture frame', 'Storage basket'], 700, 18_000],
];

export const qualities = ['Classic', 'Compact', 'Deluxe', 'Everyday'];
export const colours = ['black', 'blue', 'green', 'natural', 'red', 'white'];

/** Title and text of a review by its rating, 1 to 5. */
export const opinions: Readonly<Record<number, readonly (readonly [title: string, text: string])[]>> = {
  1: [
    ['Broken on arrival', 'The box was intact, the thing inside was not.'],
    ['Sent it back', 'Nothing like the picture.'],
  ],
  2: [
    ['Disappointing', 'It works, but feels cheaper than it is.'],
    ['Not for me', 'Too small, and the colour is off.'],
  ],
  3: [
    ['Fine', 'Does what it says.'],
    ['Average', 'Good idea, ordinary finish.'],
  ],
  4: [
    ['Good', 'Would buy again, took a while to arrive.'],
    ['Nearly perfect', 'One star less for the packaging.'],
  ],
  5: [
    ['Wonderful', 'My second one; the first was a present I kept.'],
    ['Exactly right', 'Solid, simple, beautiful.'],
  ],
};

export const orderNotes = [
  'Please ring twice.',
  'Leave it with the neighbour.',
  'This is a present: no invoice in the box.',
  'The gate code is on the door.',
];
