// Names that are proposed for instruments: no saved one has them, and people may change them.

const MOST_LETTERS = 90; // the field takes a hundred, and a number may be added

// A name that no saved instrument has: the wanted one, with a number if it is taken.
export function freeName(wanted) {
  const options = document.querySelectorAll("#instrument option, #calibration option");
  const taken = new Set([...options].map(({ textContent }) => textContent));
  const name = wanted.slice(0, MOST_LETTERS);
  let number = 1;
  while (taken.has(numbered(name, number))) number += 1;
  return numbered(name, number);
}

// Puts a name of this kind of instrument and of this minute into a field, unless somebody has typed another.
export function proposeName(field, what) {
  const { proposed = "" } = field.dataset;
  if (field.value.trim() && field.value !== proposed) return;
  field.value = field.dataset.proposed = freeName(`${what} ${minute(new Date())}`);
}

function numbered(name, number) {
  return number > 1 ? `${name} (${number})` : name;
}

function minute(date) {
  const [month, day, hours, minutes] = [date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes()]
    .map((part) => String(part).padStart(2, "0"));
  return `${date.getFullYear()}-${month}-${day} ${hours}:${minutes}`;
}
