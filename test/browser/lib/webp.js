/** Stacks pictures in PNG to one in WebP, which is a third of the size, and which the browser can write. */
export async function webp(page, pictures, quality = 0.7) {
  const bytes = await page.evaluate(
    async ([urls, quality]) => {
      const images = await Promise.all(urls.map(async (url) => createImageBitmap(await (await fetch(url)).blob())));
      const canvas = new OffscreenCanvas(Math.max(...images.map((image) => image.width)), images.reduce((sum, image) => sum + image.height, 0));
      const context = canvas.getContext("2d");
      let y = 0;
      for (const image of images) {
        context.drawImage(image, 0, y);
        y += image.height;
      }
      const blob = await canvas.convertToBlob({ type: "image/webp", quality });
      return [...new Uint8Array(await blob.arrayBuffer())];
    },
    [pictures.map((picture) => "data:image/png;base64," + picture.toString("base64")), quality],
  );
  return Buffer.from(bytes);
}
