/** A pseudonym, shortened to what tells it apart. */
export const shortPerson = (person) => (person.length > 14 ? `${person.slice(0, person.indexOf(":") + 1)}${person.slice(person.indexOf(":") + 1, person.indexOf(":") + 9)}…` : person);
