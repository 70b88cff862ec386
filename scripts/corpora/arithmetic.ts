import type { CorpusUse } from "../../src/corpus/sample-prompts.js";
import { fill, list, share } from "./phrases.js";
import type { Random } from "./random.js";

type Task = (random: Random) => { question: string; answer: string };

const who = list(
  "Amina / Boris / Clara / Deniz / Edda / Farid / Greta / Hugo / Ilse / Jun / Kofi / Leila / Mats / Nadia / Oskar",
);
const goods = list(
  "pencils / tiles / oranges / stamps / marbles / candles / bricks / seedlings / buttons / postcards / bottles / chairs",
);

/** Problems with computed answers, so every line is correct. */
const tasks: readonly Task[] = [
  (random) => {
    const [a, b] = [random.between(120, 9_800), random.between(120, 9_800)];
    return { question: `What is ${a} + ${b}?`, answer: `${a} + ${b} = ${a + b}.` };
  },
  (random) => {
    const [a, b] = [random.between(12, 98), random.between(12, 98)];
    const tens = Math.floor(b / 10) * 10;
    return {
      question: `Multiply ${a} by ${b} and show the steps.`,
      answer: `${a} × ${tens} = ${a * tens}\n${a} × ${b - tens} = ${a * (b - tens)}\n${a * tens} + ${a * (b - tens)} = ${a * b}`,
    };
  },
  (random) => {
    const [each, boxes, used] = [random.between(6, 48), random.between(3, 30), random.between(2, 17)];
    const { name, item } = { name: random.pick(who), item: random.pick(goods) };
    return {
      question: `${name} has ${boxes} boxes with ${each} ${item} in each and gives ${used} ${item} away. How many are left?`,
      answer: `${boxes} boxes hold ${boxes} · ${each} = ${boxes * each} ${item}. After giving ${used} away, ${boxes * each} − ${used} = ${boxes * each - used} are left.`,
    };
  },
  (random) => {
    const [x, a, b] = [random.between(2, 40), random.between(2, 15), random.between(1, 90)];
    return {
      question: `Solve for x: ${a}x + ${b} = ${a * x + b}`,
      answer: `${a}x = ${a * x + b} - ${b} = ${a * x}, so x = ${a * x} / ${a} = ${x}.`,
    };
  },
  (random) => {
    const [whole, percent] = [random.between(2, 60) * 20, random.between(1, 19) * 5];
    return {
      question: `A coat costs ${whole} crowns and is reduced by ${percent} %. What is the new price?`,
      answer: `The reduction is ${whole} · ${percent} / 100 = ${(whole * percent) / 100} crowns; the new price is ${whole - (whole * percent) / 100} crowns.`,
    };
  },
  (random) => {
    const [first, step] = [random.between(1, 50), random.between(2, 19)];
    const terms = Array.from({ length: 6 }, (_, index) => first + index * step);
    return {
      question: `Continue the sequence: ${terms.slice(0, 4).join(", ")}, …`,
      answer: `Each term is ${step} more than the one before, so it goes on with ${terms.slice(4).join(" and ")}.`,
    };
  },
  (random) => {
    const [kilometres, minutes] = [random.between(3, 30) * 4, random.between(1, 6) * 20];
    return {
      question: `A bus covers ${kilometres} km in ${minutes} minutes. How fast is it on average?`,
      answer: `${minutes} minutes are ${minutes}/60 of an hour: ${kilometres} km ÷ (${minutes}/60) h = ${(kilometres * 60) / minutes} km/h.`,
    };
  },
  (random) => {
    const number = random.between(5, 250);
    return {
      question: `Write ${number} in binary and in hexadecimal.`,
      answer: `${number} is ${number.toString(2)} in base two and ${number.toString(16).toUpperCase()} in base sixteen.`,
    };
  },
  (random) => {
    const values = Array.from({ length: 5 }, () => random.between(1, 40));
    const sum = values.reduce((total, value) => total + value, 0);
    const sorted = values.toSorted((a, b) => a - b);
    return {
      question: `Find the mean and the median of ${values.join(", ")}.`,
      answer: `The sum is ${sum}, so the mean is ${sum / 5}. In order: ${sorted.join(", ")}; the middle value, ${sorted[2]}, is the median.`,
    };
  },
  (random) => {
    const [a, b] = [random.between(20, 400), random.between(20, 400)];
    const steps: string[] = [];
    let [high, low] = [Math.max(a, b), Math.min(a, b)];
    while (low > 0) {
      steps.push(`${high} = ${Math.floor(high / low)} · ${low} + ${high % low}`);
      [high, low] = [low, high % low];
    }
    return {
      question: `What is the greatest common divisor of ${a} and ${b}?`,
      answer: `${steps.join("\n")}\nIt is ${high}.`,
    };
  },
  (random) => {
    const [width, height] = [random.between(3, 60), random.between(3, 60)];
    return {
      question: `A field is ${width} m wide and ${height} m long. Give its area and its perimeter.`,
      answer: `Area: ${width} m × ${height} m = ${width * height} m². Perimeter: 2 × (${width} m + ${height} m) = ${2 * (width + height)} m.`,
    };
  },
  (random) => {
    const [hour, minute, later] = [random.between(1, 18), random.between(0, 59), random.between(35, 299)];
    const clock = (minutes: number) => `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
    const start = hour * 60 + minute;
    return {
      question: `A film begins at ${clock(start)} and lasts ${later} minutes. When does it end?`,
      answer: `${later} minutes are ${Math.floor(later / 60)} h ${later % 60} min, so it ends at ${clock((start + later) % 1440)}.`,
    };
  },
  (random) => {
    const [a, b, c, d] = [random.between(1, 9), random.between(2, 9), random.between(1, 9), random.between(2, 9)];
    return {
      question: `Add the fractions ${a}/${b} and ${c}/${d}.`,
      answer: `With the common denominator ${b * d}: ${a * d}/${b * d} + ${c * b}/${b * d} = ${a * d + c * b}/${b * d}.`,
    };
  },
  (random) => {
    const [from, to] = [random.between(2, 30), random.between(31, 70)];
    const primes = Array.from({ length: to - from + 1 }, (_, index) => from + index).filter((number) =>
      Array.from({ length: 8 }, (_, index) => index + 2).every((factor) => factor >= number || number % factor !== 0),
    );
    return {
      question: `Which primes lie between ${from} and ${to}?`,
      answer: `${primes.join(", ")}. There are ${primes.length}.`,
    };
  },
  (random) => {
    const [litres, share] = [random.between(4, 90), random.pick([250, 500, 125, 200])];
    return {
      question: `How many glasses of ${share} ml can be filled from ${litres} litres?`,
      answer: `${litres} l = ${litres * 1000} ml, and ${litres * 1000} ÷ ${share} = ${(litres * 1000) / share} glasses.`,
    };
  },
];

/** One problem with its solution. */
export function arithmetic(use: CorpusUse, random: Random): { question: string; answer: string } {
  return random.pick(share(tasks, use))(random);
}

/** A page of exercises. */
export function exercises(use: CorpusUse, count: number, random: Random): string {
  const title = fill("<Exercises|Homework|Quiz|Practice sheet|Test> {1-60}", {}, random);
  const lines = Array.from({ length: count }, (_, index) => {
    const { question, answer } = arithmetic(use, random);
    return `${index + 1}. ${question}\n   ${answer.replaceAll("\n", "\n   ")}`;
  });
  return `${title}\n\n${lines.join("\n")}`;
}
