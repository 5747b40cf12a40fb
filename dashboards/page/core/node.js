/** Nodes of the paths: marks such as "(start)", or touchpoints and stages; one that is called like a mark has a star behind its name. */

export const MARKS = ["(start)", "(end)", "(open)", "(other)"];

/** What a node is called; `known` are names by id. */
export const nodeName = (t, known, node) => (MARKS.includes(node) ? t(`node.${node.slice(1, -1)}`) : known.get(node) ?? node);
