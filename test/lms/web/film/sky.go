package film

import (
	"math"
	"math/rand/v2"
)

// at is the color of the sky in a row, 0 at the top and 1 at the horizon.
func (l light) at(row float32) color {
	const half = 0.62
	if row < half {
		return l.zenith.mix(l.middle, smooth(row/half))
	}
	return l.middle.mix(l.lower, smooth((row-half)/(1-half)))
}

func (l light) sky(c *canvas) {
	for y := range horizon {
		row := l.at(float32(y) / horizon)
		for x := range width {
			c.pixels[y][x] = row
		}
	}
}

// lamp is the sun or the moon.
type lamp struct {
	at     point
	radius float64
	disc   color
	light  color
	// strength is 0 for a lamp that has set.
	strength float32
	// bitten is what is dark of the moon, as a part of its radius.
	bitten float64
}

func sunAt(hour float64) lamp {
	part := (hour - sunrise) / (sunset - sunrise)
	height := math.Sin(part * math.Pi)
	warm := smooth(float32(1 - height*1.6))
	return lamp{
		at:     point{width * (0.08 + 0.84*part), horizon + 16 - 190*height},
		radius: 15 + 4*float64(warm),
		disc:   rgb(255, 250, 228).mix(rgb(255, 206, 130), warm),
		light:  rgb(255, 236, 190).mix(rgb(255, 140, 60), warm),
		// Its light is there somewhat before and after it.
		strength: smooth(float32(min(hour-sunrise+0.7, sunset+0.7-hour))),
	}
}

func moonAt(hour float64) lamp {
	part := (hour - moonrise) / (lastHour - moonrise)
	return lamp{
		at:     point{width * (0.14 + 0.3*part), horizon + 14 - 150*math.Sin(part*math.Pi/2)},
		radius: 12, disc: rgb(244, 240, 222), light: rgb(150, 170, 214),
		strength: 0.55 * smooth(float32(hour-moonrise)*2), bitten: 0.55,
	}
}

func (l lamp) draw(c *canvas) {
	if l.strength == 0 || l.at.y > horizon+4*l.radius {
		return
	}
	c.glow(l.at, 190, l.light, 0.5*l.strength, horizon)
	c.glow(l.at, 56, l.light, 0.55*l.strength, horizon)
	shade := point{l.at.x + l.bitten*l.radius, l.at.y - 0.35*l.bitten*l.radius}
	for y := int(l.at.y - l.radius - 1); y <= int(l.at.y+l.radius+1) && y < horizon; y++ {
		for x := int(l.at.x - l.radius - 1); x <= int(l.at.x+l.radius+1); x++ {
			edge := min(1, max(0, l.radius-math.Hypot(float64(x)-l.at.x, float64(y)-l.at.y)+0.5))
			if l.bitten > 0 {
				edge *= min(1, max(0.12, math.Hypot(float64(x)-shade.x, float64(y)-shade.y)-0.9*l.radius+0.5))
			}
			c.paint(x, y, l.disc, min(1, 2*l.strength)*float32(edge))
		}
	}
}

type star struct {
	x, y, size, phase float64
}

func newStars(random *rand.Rand) []star {
	const many = 170
	stars := make([]star, many)
	for i := range stars {
		// Few are bright.
		bright := random.Float64()
		stars[i] = star{
			x: random.Float64() * width, y: random.Float64() * (horizon - 30),
			size: 0.35 + 0.85*bright*bright*bright, phase: random.Float64() * 2 * math.Pi,
		}
	}
	return stars
}

func (s star) draw(c *canvas, second float64, l light) {
	dark := smooth(1 - 5*l.day)
	// Those that are low drown in the haze.
	haze := smooth(float32(horizon-s.y) / 90)
	twinkle := 0.75 + 0.25*wave(second*1.3+s.phase)
	c.glow(point{s.x, s.y}, 1+2*s.size, rgb(235, 240, 255), dark*haze*twinkle*float32(s.size), horizon)
}

// clouds is how thick they are, in a picture that goes on at its left where it
// ends at its right.
type clouds [cloudRows][cloudLength]float32

const (
	cloudRows   = 130
	cloudLength = 1024
)

func newClouds(random *rand.Rand) (made clouds) {
	// Noise of several sizes, each finer and weaker than the one before.
	for octave, cell := range []int{128, 64, 32, 16, 8} {
		columns, rows := cloudLength/cell, 2*cloudRows/cell+2
		grid := make([]float32, columns*rows)
		for i := range grid {
			grid[i] = random.Float32()
		}
		weight := float32(math.Pow(0.52, float64(octave)))
		for y := range cloudRows {
			// Clouds are wider than high.
			v := 2 * float32(y) / float32(cell)
			for x := range cloudLength {
				u := float32(x) / float32(cell)
				i, j := int(u), int(v)
				right := (i + 1) % columns
				a, b := smooth(u-float32(i)), smooth(v-float32(j))
				top := grid[j*columns+i] + (grid[j*columns+right]-grid[j*columns+i])*a
				below := grid[(j+1)*columns+i] + (grid[(j+1)*columns+right]-grid[(j+1)*columns+i])*a
				made[y][x] += weight * (top + (below-top)*b)
			}
		}
	}
	const sum = 1.99 // of the weights
	for y := range made {
		middle := float32(y)/cloudRows*2 - 1
		for x := range made[y] {
			// There are fewer at the upper and the lower edge, and none at its end.
			made[y][x] = smooth((made[y][x]/sum - 0.47 - 0.3*middle*middle) / 0.24)
		}
	}
	return made
}

func (d *clouds) draw(c *canvas, second float64, l light) {
	const top, speed = 24, 3.2
	bright := l.lower.mix(rgb(255, 255, 255), 0.75*l.day).mix(l.middle, 0.25)
	dark := l.middle.mix(l.zenith, 0.35)
	offset := second * speed
	whole := int(offset)
	part := float32(offset - float64(whole))
	for y := range cloudRows {
		row := &d[y]
		below := &d[min(cloudRows-1, y+7)]
		for x := range width {
			at, next := (x+whole)%cloudLength, (x+whole+1)%cloudLength
			thick := row[at] + (row[next]-row[at])*part
			if thick <= 0.01 {
				continue
			}
			// What has more cloud below it than above is lit from above.
			under := below[at] + (below[next]-below[at])*part
			lit := smooth(0.5 + 0.9*(under-thick) + 0.25)
			c.paint(x, y+top, dark.mix(bright, lit), thick*(0.35+0.5*l.day))
		}
	}
}

// gulls are out by day.
func gulls(c *canvas, second float64, l light) {
	for i := range 4 {
		n := float64(i)
		at := point{math.Mod(second*(9+n)+n*170, width+120) - 60, 112 + 13*n + 9*math.Sin(second*0.4+n*2)}
		flap := 3 + 3.2*math.Sin(second*5+n*1.7)
		size := 6 - 0.7*n
		ink := l.zenith.times(0.45)
		seen := smooth((l.day - 0.3) * 3)
		c.stroke(at, point{at.x - size, at.y - flap*0.7}, 1.3, ink, 0.8*seen)
		c.stroke(at, point{at.x + size, at.y - flap*0.7}, 1.3, ink, 0.8*seen)
	}
}
