import type { CorpusUse } from "../../src/corpus/sample-prompts.js";
import { capital, fill, list, type Phrases, share } from "./phrases.js";
import type { Random } from "./random.js";

/** A kind of English text with a separate pool of sentences. */
interface Theme {
  titles: readonly string[];
  sentences: readonly string[];
}

const person = list(
  "Marta / Tobias / the harbour master / old Mrs Lindqvist / Ines / the younger of the two surveyors / Jonah / the night porter / Doctor Abara / the apprentice / my uncle / Sister Agnes / Wen / the driver / a clerk from the archive / Pilar / the lighthouse keeper / Rashid",
);
const thing = list(
  "a brass compass / the ledger / a letter with a broken seal / the spare lantern / a jar of salted plums / the blue umbrella / a violin without strings / the ferry timetable / a bag of seed potatoes / the wrong key / an unsigned drawing / the barometer / a loaf of rye bread / three coils of rope / a map with a hole in it / the visitor's hat",
);
const place = list(
  "the boathouse / the station restaurant / the map room / the orchard / the customs shed / the reading room / the quarry / the market square / the cellar / the print shop / the tram depot / the schoolyard / the harbour office / the greenhouse",
);
const adjective = list(
  "quiet / stubborn / familiar / careful / curious / narrow / generous / brittle / ordinary / sudden / patient / crooked / pale / distant / useful / warm",
);
const weather = list(
  "fog / hail / a dry wind / thin snow / bright frost / the first heat of June / drizzle / thunder in the hills / a low sun / sleet",
);
const material = list(
  "copper / limestone / beeswax / glass wool / cast iron / birch bark / aluminium / unfired clay / quartz sand / linseed oil / graphite / rubber / cork / brass",
);
const quantity = list(
  "{2-90} kilograms / {3-60} metres / {2-40} litres / {5-95} percent / {2-24} hours / {110-980} kelvin / {2-48} volts / {15-900} hectares / {2-30} tonnes / {4-70} decibels",
);
const group = list(
  "the council / a group of volunteers / the cooperative / the ministry / two universities / the port authority / the school board / the orchestra / the regional court / the fishing union / the publishing house / the weather service",
);
const field = list(
  "irrigation / bookbinding / tidal power / beekeeping / cartography / choral music / soil chemistry / glassmaking / public transport / bird migration / bread baking / bridge building / early printing / optics",
);
const year = ["{1604-1899}", "{1900-1999}", "{2001-2025}"];

const phrases = { person, thing, place, adjective, weather, material, quantity, group, field, year };

const themes: readonly Theme[] = [
  {
    titles: list(
      "The Winter Ferry / What the Porter Saw / A House on the Quay / The Second Key / Nine Miles of Rain / The Clockmaker's Niece",
    ),
    sentences: [
      "{person} <put down|picked up|wrapped|hid> {thing} and <listened|waited|counted to ten|said nothing>.",
      "There was {weather} over {place}, and nobody <wanted to be the first to leave|could say how long it would last>.",
      "“You will need {thing},” said {person}, “and <patience|a better coat|somebody who can swim>.”",
      "By the time they reached {place}, {person} had <forgotten|lost|given away|sold> {thing}.",
      "It was a {adjective}, {adjective} sort of morning, the kind that <smells of coal|belongs to nobody|makes people honest>.",
      "{person} had never <liked|trusted|understood> {place}, and {weather} did nothing to change that.",
      "Somewhere behind {place} a dog barked {2-9} times and <stopped|was answered by another|seemed to think better of it>.",
      "“Who told you about {thing}?” asked {person}, without <turning round|looking up|much interest>.",
      "For {2-40} years the family had kept {thing} in {place}, and for as long {person} had <pretended not to know|dusted it every Friday>.",
      "The road to {place} was <steeper|shorter|emptier> than {person} remembered.",
      "When {weather} came at last, {person} opened the window and <laughed|wept a little|called the others>.",
      "Nobody asked why {thing} was lying in {place}, which {person} found <odd|merciful|rather rude>.",
      "“I was {adjective} once,” {person} said, “but that was before <the flood|the strike|your mother's wedding>.”",
      "They ate {thing} — or so {person} always told it — with <a spoon|cold tea|both hands>.",
      "In {place} the lamps were lit early, and {person} walked home <counting them|in the middle of the road>.",
      "A {adjective} silence followed, in which {thing} could be heard <ticking|falling over|rolling off the table>.",
      "{person} wrote down the {adjective} facts first and left the {adjective} ones for <the morning|a braver day>.",
      "Between {place} and {place} there are {12-98} steps; {person} has <fallen down|swept|painted> every one of them.",
      "That evening {weather} kept the boats in, so {person} taught the children to <tie a bowline|cheat at cards|bake flat cakes>.",
      "If {thing} had not been so {adjective}, {person} might have <thrown it into the harbour|believed the story>.",
      "“Either {thing} is mine,” said {person}, “or <somebody|everybody> in {place} is lying.”",
      "Years later {person} would describe {place} as {adjective}, which was <true of everything except the stairs|a kindness>.",
      "The letter mentioned {thing}, {weather} and {person}, <in that order|but no date|and then broke off>.",
      "{person} knocked {2-6} times, as agreed, and heard <a chair being moved|somebody laugh|only {weather}>.",
      "What was left of the afternoon went into <mending|looking for|arguing about> {thing}.",
      "“Take {place},” {person} suggested; “it is longer, but there is <less mud|a bench|company>.”",
      "Not one of the {11-60} passengers noticed that {person} had got off at {place} carrying {thing}.",
      "The {adjective} truth was that {person} <missed|feared|had invented> {place}.",
      "Under {thing} lay a photograph of {place} in {weather}, taken by {person} in {year}.",
      "And so {person}, who hated <boats|speeches|Mondays>, agreed to carry {thing} as far as {place}.",
    ],
  },
  {
    titles: list(
      "How materials age / Notes on heat and work / Measuring what cannot be seen / From quarry to workshop / Small forces, large effects / The chemistry of everyday repair",
    ),
    sentences: [
      "{material} <conducts|stores|loses> heat <faster|more slowly> than {material}, which is why <pans have handles|old pipes burst|clocks drift>.",
      "A sample of {quantity} was <weighed|heated|cooled|dissolved> and the result compared with that of {year}.",
      "In practice, {material} is rarely pure: up to {1-9} percent of it may be {material}.",
      "The <pressure|current|flow> rises by {quantity} whenever the <valve|circuit|sluice> is opened too quickly.",
      "Suppose that {quantity} of {material} must be moved by <hand|rail|barge>; the work done does not depend on the path.",
      "Early writers on {field} believed that {material} contained <fire|a kind of salt|small hooks>.",
      "At {2-60} degrees below freezing, {material} becomes brittle and <cracks|must not be bent|rings when struck>.",
      "Engineers distinguish between strength, stiffness and toughness; {material} has the first two, {material} the third.",
      "The experiment was repeated {3-40} times, and in {2-30} cases the needle moved <to the left|hardly at all>.",
      "Light that passes through {material} is <bent|scattered|absorbed>, and the angle tells us <its density|how it was cooled>.",
      "An error of {quantity} sounds small, but in {field} it decides whether <the roof holds|the dye fades|the ship turns>.",
      "Because {material} and {material} expand differently, a strip made of both <curls|can switch a lamp|serves as a thermometer>.",
      "No instrument measures {field} directly; what is read off is <a length|a voltage|the time between two clicks>.",
      "Water carries about {2-6} times more heat than {material} of the same mass, and coasts are <milder|greener> for it.",
      "Corrosion begins where {material} touches {material} and <damp air|salt water|acid soil> closes the circuit.",
      "The formula is simple: <force|charge|energy> divided by <area|time|distance>, here {quantity} in all.",
      "Friction turns the {adjective} motion of {material} into heat, of which {quantity} are lost for good.",
      "Crystals of {material} grow along {2-6} axes and stop when <the solution is used up|they meet a wall>.",
      "It took until {year} before anybody <measured|doubted|could explain> this in the case of {material}.",
      "Sound travels {2-15} times as fast in {material} as in air, so the <rail|pipe> is heard before the train.",
      "A battery of {quantity} will <run the pump|light the hut|heat the tank> for {2-20} hours, less in winter.",
      "Where {material} is scarce, workshops use {material} and accept a {adjective} finish.",
      "The half-life of the process is {quantity}, after which a quarter, then an eighth of {material} remains.",
      "Under the microscope {material} looks like <a honeycomb|a ploughed field|torn cloth>, and that explains its {adjective} behaviour.",
    ],
  },
  {
    titles: list(
      "Regional news / From the annual report / Minutes of the spring meeting / A town and its river / Public works, in brief / Letters to the editor",
    ),
    sentences: [
      "{group} <announced|confirmed|denied> on <Monday|Tuesday|Friday> that {place} will be closed for {2-18} months.",
      "Spending on {field} rose by {2-38} percent, while {group} <saved|returned|lost> {2-70} million.",
      "Of the {120-990} people asked, {2-90} percent said they <used|avoided|had never heard of> {place}.",
      "According to {group}, the plan for {place} <violates|respects|ignores> the law of {year}.",
      "{person}, who has worked in {field} since {year}, called the decision {adjective}.",
      "The court found that {group} had not <informed|paid|consulted> the owners of {place}.",
      "A fire in {place} destroyed {quantity} of {material}; nobody was hurt.",
      "In the second half of the year {group} intends to <plant|build|sell> {20-900} <trees|flats|bicycles> near {place}.",
      "“We were {adjective},” admitted {person}, speaking for {group}, “and it cost us {2-30} weeks.”",
      "The festival of {field} drew {2-60} thousand visitors in spite of {weather}.",
      "Voters will be asked in <March|May|October> whether {place} should belong to {group}.",
      "Since {year} the number of <pupils|farms|ferries> has fallen from {400-990} to {20-390}.",
      "A spokesperson for {group} declined to say how much {material} had been <ordered|stolen|tested>.",
      "The new line connects {place} with {place} in {6-55} minutes and runs every {5-30}.",
      "Critics of {group} point out that {field} receives {quantity} less than it did in {year}.",
      "The jury praised {person} for a {adjective} study of {field} in the age of {material}.",
      "Prices for {material} <doubled|recovered|collapsed> after {weather} closed the port for {2-9} days.",
      "Residents near {place} complain about noise of up to {60-98} decibels, mostly from <lorries|pumps|rehearsals>.",
      "{group} and {group} signed an agreement on {field} that will be reviewed every {2-9} years.",
      "After a debate of {2-9} hours the motion was carried by {9-60} votes to {1-8}.",
      "The archive in {place} has acquired {thing}, believed to date from {year}.",
      "Two <bridges|wells|schools> were finished ahead of time; the {adjective} third will need {quantity} more.",
      "Insurance covers {thing}, the report notes, but not {weather}, {weather} or war.",
      "Whoever finds {thing}, last seen in {place}, is asked to <write to|call> {group}.",
    ],
  },
  {
    titles: list(
      "Getting started with {field} / A beginner's guide to {field} / Ten rules for {field} / Repairing {thing} / Keeping {material} in good shape / Before you visit {place}",
    ),
    sentences: [
      "First, <clear|wash|measure> the <table|frame|surface> and lay out {material}, a <knife|brush|clamp> and {quantity} of water.",
      "Do not <hurry|press|stir>: {material} needs at least {2-45} minutes to settle.",
      "If it still <leaks|squeaks|sticks>, take it apart again and look for {material} in the <joint|groove|hinge>.",
      "Write the date on {thing}; in {field} nobody remembers what they did {2-9} weeks ago.",
      "Beginners often use too much {material}, which makes the result {adjective} and hard to <clean|cut|tune>.",
      "You can replace {material} with {material} as long as the room stays above {8-22} degrees.",
      "Never <leave|lift|carry> {thing} alone; ask {person} or somebody equally {adjective}.",
      "Set the <timer|dial|gauge> to {5-55} and check after {2-20} minutes whether the <edge|centre|lower half> is {adjective}.",
      "A good rule in {field} is to <measure twice|start small|keep notes|stop early>.",
      "Rinse with warm water, dry with a {adjective} cloth, and store in {place} until <spring|the next day>.",
      "For {2-8} people allow {quantity} of flour, half as much butter and <two eggs|a pinch of salt|a spoon of honey>.",
      "Turn off the <water|power|gas> before you open {thing}, even if you only want to <look|oil it>.",
      "The <left|upper|smaller> part goes in first; otherwise {thing} will not <close|turn|stand>.",
      "Tickets for {place} cost {2-30} and are valid for {2-12} hours, but not during {weather}.",
      "Knots tied in {material} hold best when <wet|new|doubled>, and can be undone with {thing}.",
      "Mix one part {material} with {2-9} parts water and <sieve|shake|filter> it {2-5} times.",
      "Some people swear by {material}; {person} recommends {material} and a {adjective} temper.",
      "When the <dough|glue|varnish> stops <rising|smoking|smelling>, it is ready for {place}.",
      "Keep {thing} out of reach of <children|goats|direct sunlight>, and read the label of {material}.",
      "Count the <stitches|teeth|frets>: there must be {12-96}, or {thing} will look {adjective}.",
      "Plan {2-6} evenings for the first attempt at {field}, and <one|two> for the repair of the first attempt.",
      "In case of {weather}, cover everything with <tarpaulin|old newspapers|straw> and wait in {place}.",
      "Label both ends, so that {person} can <reassemble|find|judge> it without {thing}.",
      "Finish with a thin coat of {material}; it should feel {adjective}, never <sticky|greasy|cold>.",
    ],
  },
];

/** Returns an English article, story, report or guide with a title and the given number of paragraphs. */
export function englishText(use: CorpusUse, paragraphs: number, random: Random): { title: string; body: string } {
  const theme = random.pick(themes);
  const own: Phrases = { ...phrases, person: share(person, use), place: share(place, use), thing };
  const sentences = share(theme.sentences, use);
  const body = Array.from({ length: paragraphs }, () =>
    random
      .shuffled(sentences)
      .slice(0, random.between(3, 7))
      .map((sentence) => capital(fill(sentence, own, random)).replace(/^“\p{Ll}/u, (start) => start.toUpperCase()))
      .join(" "),
  ).join("\n\n");
  return { title: capital(fill(random.pick(share(theme.titles, use)), own, random)), body };
}
