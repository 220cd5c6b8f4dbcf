// The lines between the boxes of the picture. They repeat what the boxes say in words: nobody has to see them.

const SVG = "http://www.w3.org/2000/svg";

/** Draw lines between boxes: pairs of elements with a class each. Positions are read first, written afterwards. */
export function drawLines(svg, pairs) {
  const origin = svg.getBoundingClientRect();
  const paths = origin.width === 0 ? [] : pairs.map(([from, to, kind]) => [curve(from.getBoundingClientRect(), to.getBoundingClientRect(), origin), kind]);
  while (svg.childNodes.length > paths.length) svg.lastChild.remove();
  while (svg.childNodes.length < paths.length) svg.append(document.createElementNS(SVG, "path"));
  paths.forEach(([d, kind], index) => {
    const path = svg.childNodes[index];
    if (path.getAttribute("d") !== d) path.setAttribute("d", d);
    if (path.getAttribute("class") !== kind) path.setAttribute("class", kind);
  });
}

function curve(from, to, origin) {
  const x1 = Math.round(from.right - origin.left), y1 = Math.round(from.top + from.height / 2 - origin.top);
  const x2 = Math.round(to.left - origin.left), y2 = Math.round(to.top + to.height / 2 - origin.top);
  const middle = Math.round((x1 + x2) / 2);
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}
