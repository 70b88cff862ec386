import type { CorpusUse } from "../../src/corpus/sample-prompts.js";
import { arithmetic } from "./arithmetic.js";
import { program } from "./code.js";
import { englishText } from "./english.js";
import { paragraph } from "./language.js";
import { europeanLanguages } from "./languages-european.js";
import { otherLanguages } from "./languages-other.js";
import { capital, fill, list, type Phrases, share } from "./phrases.js";
import type { Random } from "./random.js";
import { record } from "./records.js";

/** A question and answer, or a longer conversation; user and assistant alternate. */
export type Dialogue = readonly string[];

const topics: Phrases = {
  city: list("Porto / Tampere / Lviv / Nagoya / Cusco / Tunis / Bergen / Kraków / Izmir / Hobart / Quito / Gdańsk"),
  dish: list(
    "lentil soup / flatbread / plum dumplings / pickled beets / rice pudding / mushroom stew / barley salad / pea pancakes / baked pears",
  ),
  chore: list(
    "the gutters / the bicycle chain / a wool jumper / the coffee grinder / a cast-iron pan / the window frames / a leather bag / the aquarium / the chess clock",
  ),
  skill: list(
    "juggling / touch typing / reading music / sourdough / sketching / swimming / chess openings / knitting / map reading",
  ),
  mood: list("tired / nervous / bored / relieved / proud / homesick / impatient / hopeful"),
  friend: list("Olek / Sina / Teo / Mirjam / Anwar / Kaisa / Dario / Yumi / Lotte / Ravi / Nuno / Freya"),
};

/** Turns of both speakers; the first is the user's. Written for this project. */
const talks: readonly (readonly string[])[] = [
  [
    "I have <one day|two days> in {city}. What should I not miss?",
    "With so little time I would <walk along the water first|take the tram to the last stop|start at the market>, have {dish} for lunch, and keep the evening for <the old quarter|a concert|the view from the hill>.",
    "And if it rains?",
    "Then swap the order: <the museum|the covered market|a long coffee> in the morning, and the walk whenever the sky clears.",
  ],
  [
    "How do I clean {chore} without damaging it?",
    "Use <lukewarm water|a soft brush|a drop of vinegar> and work in small patches. Let it dry for {2-24} hours before you <use|oil|close> it again.",
    "I already scratched it a little.",
    "A light scratch usually goes away with <wax|fine sandpaper|patience>; test the remedy where nobody looks.",
  ],
  [
    "I want to learn {skill} in {2-12} weeks. Is that realistic?",
    "You can get the basics if you practise about {10-50} minutes a day. Expect to feel <clumsy|slow|stuck> around the {2-4}th week; that is where most people stop.",
    "What do I do then?",
    "Go back to something easy for a day, and write down what went <well|wrong>. {skill} rewards regularity more than talent.",
  ],
  [
    "My friend {friend} is {mood} before the exam. What can I say?",
    "You could say that being {mood} is <normal|a sign of caring|no forecast>, and offer something concrete: <a walk|{dish}|an hour of questions and answers>.",
    "{friend} does not like advice.",
    "Then ask instead: “Would you rather talk, or be distracted?” That leaves the choice where it belongs.",
  ],
  [
    "Can you give me a recipe for {dish} for {2-9} people?",
    "Certainly. You need {200-900} grams of the main ingredient, {1-4} onions, a little oil, salt and {2-9} peppercorns.\n\n1. Chop everything finely.\n2. Cook gently for {15-55} minutes.\n3. Season, rest for {5-15} minutes, serve.",
    "One guest cannot eat onions.",
    "Leave them out and add <celery|leek greens|fennel>; cook it {3-8} minutes longer.",
  ],
  [
    "Summarise our meeting: {friend} will order the parts, {friend} calls the printer, we meet again in {2-9} days.",
    "**Decisions**\n- {friend}: order the parts\n- next meeting: in {3-9} days\n\n**Open**\n- who tells the printer about the new format?",
    "You changed the date.",
    "You are right, I am sorry. It is the number of days you gave; everything else stands.",
  ],
  [
    "Is it cheaper to go from {city} to {city} by train or by bus?",
    "Usually by <bus|night bus> if you book late, and by train if you book {3-9} weeks ahead. The train takes about {2-9} hours less.",
    "I travel with a dog.",
    "Then the train: most buses refuse animals that weigh more than {5-9} kilograms.",
  ],
  [
    "Write a short message to {friend}: I am late, start without me.",
    "“Hi {friend}, I am stuck <at work|in {city}|behind a tractor> and will be about {15-50} minutes late. Please start without me!”",
    "A bit more formal, please.",
    "“Dear {friend}, I have been delayed by roughly {15-50} minutes. Kindly begin without me; I will join as soon as I can.”",
  ],
  [
    "Why does {dish} taste better on the second day?",
    "Because <starch sets|acids soften|aromas spread> overnight, and fat carries them further. It holds for {2-4} days in the fridge.",
    "Does freezing have the same effect?",
    "Hardly: at {10-25} degrees below zero almost nothing moves. Freeze it after the second day, not before.",
  ],
  [
    "Translate “I would like {dish}, please” for a trip to {city}.",
    "I can, but tell me which language you would like to use there: in {city} more than one will be understood.",
    "The local one, as politely as possible.",
    "Then learn the greeting and the word for “please” first; with a smile, pointing at {dish} does the rest. For the exact sentence ask your host to say it slowly {2-3} times.",
  ],
  [
    "I feel {mood} and cannot say why.",
    "That happens. Has anything <changed|ended|begun> in the last {2-9} weeks, even something small?",
    "I stopped practising {skill}.",
    "Perhaps you miss the hour that belonged to you alone. You could take it back for something else first, {skill} or not.",
  ],
  [
    "Which is harder, {skill} or {skill}?",
    "They are hard in different ways: the first asks for <nerves|rhythm|memory>, the second for <stamina|a steady hand|imagination>. Most people need {2-20} months for either.",
    "Name one trick for each.",
    "For the first: slow down by half. For the second: stop {2-9} minutes before you are tired.",
  ],
  [
    "How often should I look after {chore}?",
    "Every {2-9} weeks in use, otherwise <twice a year|in spring and autumn>. More often does more harm than good.",
    "What happens if I forget?",
    "First it gets <noisy|dull|stiff>, then it costs about {20-90} euros, and at last you need a new one.",
  ],
  [
    "Tell me a riddle for {friend}, who is {5-12} years old.",
    "What has {2-4} hands but cannot clap? Hint: it hangs <in the kitchen|at the station|above the blackboard>.",
    "A clock! Another one, harder.",
    "The more you take, the more you leave behind. What are they? (Footsteps.) {friend} may need {2-9} minutes for that.",
  ],
  [
    "Plan a weekend in {city} for {friend} and me on a budget of {80-600} euros.",
    "Friday: arrive, {dish} at a stall ({4-12} euros). Saturday: walking tour, museum ({6-18} euros), concert in the park. Sunday: <flea market|beach|second breakfast>, train home.",
    "{friend} hates museums.",
    "Then the botanical garden: it costs half and {friend} can <feed ducks|read on the grass>.",
  ],
];

/** Returns a conversation of several turns. */
export function talk(use: CorpusUse, random: Random): Dialogue {
  const own = Object.fromEntries(Object.entries(topics).map(([slot, pool]) => [slot, share(pool, use)]));
  return random.pick(share(talks, use)).map((turn) => capital(fill(turn, own, random)));
}

/** Returns a request for one of the other kinds of text, with that text as the answer. */
export function request(use: CorpusUse, random: Random): Dialogue {
  const asks = share(requests, use);
  return random.pick(asks)(use, random);
}

const requests: readonly ((use: CorpusUse, random: Random) => Dialogue)[] = [
  ...["Please solve this: ", "", "Show your work. "].map((ask) => (use: CorpusUse, random: Random) => {
    const { question, answer } = arithmetic(use, random);
    return [`${ask}${question}`, answer];
  }),
  ...[
    "Give me a code example.",
    "Write something short I can compile or run.",
    "How would a small program look here?",
  ].map((ask) => (use: CorpusUse, random: Random) => [ask, `\`\`\`\n${program(use, random)}\`\`\``]),
  ...["Write about: ", "I need a page on this subject: ", "Please draft a text with the title "].map(
    (ask) => (use: CorpusUse, random: Random) => {
      const { title, body } = englishText(use, random.between(2, 3), random);
      return [`${ask}${title}`, body];
    },
  ),
  ...["Make up test data.", "Show me what such a file could contain.", "I need realistic sample input."].map(
    (ask) => (use: CorpusUse, random: Random) => [ask, `\`\`\`\n${record(use, random)}\n\`\`\``],
  ),
  ...["Write a few sentences in this language: ", "A paragraph, please. Language: ", "Continue a story in "].map(
    (ask) => (use: CorpusUse, random: Random) => {
      const language = random.pick([...europeanLanguages, ...otherLanguages]);
      return [`${ask}${language.name}`, paragraph(language, use, random.between(4, 8), random)];
    },
  ),
];
