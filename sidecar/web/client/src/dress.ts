/**
 * Gives a page, or what is in a shadow root, a style sheet. It needs nothing of a content security
 * policy, except in a browser that has no such sheets. It stays when its last
 * indicator goes, and is one for all of a page: `sheet` is made at the first use.
 */
export function dresser(css: string): (root: Node) => void {
  let sheet: CSSStyleSheet | undefined;
  return (node) => {
    const root = node as ShadowRoot;
    try {
      if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(css);
      if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    } catch {
      const style = document.createElement("style");
      style.textContent = css;
      (node === document ? document.head : root).append(style);
    }
  };
}
