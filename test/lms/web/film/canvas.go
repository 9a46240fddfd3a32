package film

import (
	"io"
	"math"
)

// color has red, green and blue from 0 to 1.
type color [3]float32

func rgb(r, g, b float32) color { return color{r / 255, g / 255, b / 255} }

func (c color) mix(with color, part float32) color {
	for i := range c {
		c[i] += (with[i] - c[i]) * part
	}
	return c
}

func (c color) times(factor float32) color { return color{c[0] * factor, c[1] * factor, c[2] * factor} }

// canvas is one frame.
type canvas struct {
	pixels [height][width]color
	planes [width * height * 3 / 2]byte
}

// paint puts a color over a pixel; cover is from 0 to 1.
func (c *canvas) paint(x, y int, with color, cover float32) {
	if cover > 0 && x >= 0 && x < width && y >= 0 && y < height {
		c.pixels[y][x] = c.pixels[y][x].mix(with, min(1, cover))
	}
}

// shine adds light to a pixel.
func (c *canvas) shine(x, y int, light color, strength float32) {
	if strength > 0 && x >= 0 && x < width && y >= 0 && y < height {
		p := &c.pixels[y][x]
		for i := range p {
			p[i] += light[i] * strength
		}
	}
}

type point struct{ x, y float64 }

// disc has soft edges of one pixel.
func (c *canvas) disc(at point, radius float64, with color, cover float32, above int) {
	for y := int(at.y - radius - 1); y <= int(at.y+radius+1) && y < above; y++ {
		for x := int(at.x - radius - 1); x <= int(at.x+radius+1); x++ {
			edge := radius - math.Hypot(float64(x)-at.x, float64(y)-at.y) + 0.5
			c.paint(x, y, with, cover*float32(min(1, max(0, edge))))
		}
	}
}

// glow is light that fades with the distance.
func (c *canvas) glow(at point, radius float64, light color, strength float32, above int) {
	for y := max(0, int(at.y-radius)); y <= int(at.y+radius) && y < above; y++ {
		for x := max(0, int(at.x-radius)); x <= int(at.x+radius) && x < width; x++ {
			far := math.Hypot(float64(x)-at.x, float64(y)-at.y) / radius
			if far < 1 {
				fade := float32((1 - far) * (1 - far))
				c.shine(x, y, light, strength*fade*fade)
			}
		}
	}
}

// stroke is a line with round ends.
func (c *canvas) stroke(from, to point, thickness float64, with color, cover float32) {
	reach := thickness + 1
	along := point{to.x - from.x, to.y - from.y}
	length := along.x*along.x + along.y*along.y
	for y := int(min(from.y, to.y) - reach); y <= int(max(from.y, to.y)+reach); y++ {
		for x := int(min(from.x, to.x) - reach); x <= int(max(from.x, to.x)+reach); x++ {
			px, py := float64(x)-from.x, float64(y)-from.y
			part := 0.0
			if length > 0 {
				part = min(1, max(0, (px*along.x+py*along.y)/length))
			}
			edge := thickness/2 - math.Hypot(px-part*along.x, py-part*along.y) + 0.5
			c.paint(x, y, with, cover*float32(min(1, max(0, edge))))
		}
	}
}

// shape fills a polygon. Each row may be moved sideways, as in a reflection.
func (c *canvas) shape(corners []point, with color, cover float32, aside func(y float64) float64) {
	const steps = 4
	top, bottom := corners[0].y, corners[0].y
	for _, p := range corners {
		top, bottom = min(top, p.y), max(bottom, p.y)
	}
	var covered [width]float32
	for y := max(0, int(top)); y <= int(bottom) && y < height; y++ {
		clear(covered[:])
		for step := range steps {
			at := float64(y) + (float64(step)+0.5)/steps - 0.5
			crossings(corners, at, func(left, right float64) {
				if aside != nil {
					left, right = left+aside(at), right+aside(at)
				}
				for x := max(0, int(left)); x <= int(right+1) && x < width; x++ {
					inside := min(right, float64(x)+0.5) - max(left, float64(x)-0.5)
					covered[x] += float32(max(0, inside)) / steps
				}
			})
		}
		for x, part := range covered {
			c.paint(x, y, with, cover*part)
		}
	}
}

// crossings tells where a row is inside of a polygon that no row enters twice.
func crossings(corners []point, y float64, inside func(left, right float64)) {
	left, right := math.Inf(1), math.Inf(-1)
	for i, a := range corners {
		b := corners[(i+1)%len(corners)]
		if (a.y <= y) == (b.y <= y) {
			continue
		}
		x := a.x + (b.x-a.x)*(y-a.y)/(b.y-a.y)
		left, right = min(left, x), max(right, x)
	}
	if left < right {
		inside(left, right)
	}
}

// write encodes the frame as YUV4MPEG2 wants it: brightness of each pixel, from 16
// to 235, and color of each square of four, from 16 to 240 (ITU-R BT.601).
func (c *canvas) write(to io.Writer) error {
	if _, err := io.WriteString(to, "FRAME\n"); err != nil {
		return err
	}
	blue, red := width*height, width*height*5/4
	for y := range height {
		for x := range width {
			p := &c.pixels[y][x]
			for i := range p {
				p[i] = min(1, max(0, p[i]))
			}
			c.planes[y*width+x] = byte(16.5 + 219*(0.299*p[0]+0.587*p[1]+0.114*p[2]))
		}
	}
	for y := 0; y < height; y += 2 {
		for x := 0; x < width; x += 2 {
			var mean color
			for i := range mean {
				mean[i] = (c.pixels[y][x][i] + c.pixels[y][x+1][i] + c.pixels[y+1][x][i] + c.pixels[y+1][x+1][i]) / 4
			}
			c.planes[blue] = byte(128.5 + 224*(-0.168736*mean[0]-0.331264*mean[1]+0.5*mean[2]))
			c.planes[red] = byte(128.5 + 224*(0.5*mean[0]-0.418688*mean[1]-0.081312*mean[2]))
			blue, red = blue+1, red+1
		}
	}
	_, err := to.Write(c.planes[:])
	return err
}
