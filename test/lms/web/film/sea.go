package film

import "math"

// island has hills, and a lighthouse that turns its light at night.
func island(c *canvas, second float64, l light) {
	const left, right = 430, width
	land := l.lower.mix(rgb(40, 66, 62), 0.55+0.2*l.day).times(0.25 + 0.55*l.day)
	haze := l.lower.mix(l.middle, 0.5)
	for x := left; x < right; x++ {
		part := float64(x-left) / (right - left)
		far := 16*math.Sin(part*2.2+0.1) + 5*math.Sin(part*9+1) + 2*math.Sin(part*23)
		near := 26*math.Pow(math.Sin(math.Min(1, math.Max(0, (part-0.22)*1.45))*math.Pi/2), 1.4) + 2*math.Sin(part*17) + math.Sin(part*41)
		column(c, x, far*math.Min(1, part*5), land.mix(haze, 0.6))
		column(c, x, near*math.Min(1, math.Max(0, (part-0.22)*4)), land.mix(haze, 0.18))
	}

	const foot, top, at = horizon - 16.0, horizon - 62.0, 548.0
	wall := rgb(240, 236, 226).mix(l.lower, 0.25).times(0.22 + 0.74*l.day)
	c.shape([]point{{at - 5, foot}, {at + 5, foot}, {at + 3.2, top}, {at - 3.2, top}}, wall, 1, nil)
	red := rgb(190, 52, 44).times(0.25 + 0.7*l.day)
	for _, band := range []float64{0.25, 0.65} {
		y := top + (foot-top)*band
		c.shape([]point{{at - 3.7 - band, y + 8}, {at + 3.7 + band, y + 8}, {at + 3.3 + band, y}, {at - 3.3 - band, y}}, red, 1, nil)
	}
	c.shape([]point{{at - 4.5, top}, {at + 4.5, top}, {at + 2.8, top - 6}, {at - 2.8, top - 6}}, red.times(0.6), 1, nil)
	c.shape([]point{{at - 3.5, top - 6}, {at + 3.5, top - 6}, {at, top - 11}}, red.times(0.8), 1, nil)

	lit := smooth(1.2 - 4*l.day)
	if lit == 0 {
		return
	}
	turn := math.Cos(second * math.Pi / 4)
	facing := float32(math.Pow(math.Abs(math.Sin(second*math.Pi/4)), 10))
	lantern := point{at, top - 3}
	beam(c, lantern, 330*turn, lit*0.34)
	c.glow(lantern, 26+50*float64(facing), rgb(255, 226, 150), lit*(0.75+0.6*facing), horizon)
}

// beam is a cone of light to one side; a negative reach is to the left.
func beam(c *canvas, from point, reach float64, strength float32) {
	side, long := 1, int(math.Abs(reach))
	if reach < 0 {
		side = -1
	}
	for i := range long {
		wide := 2 + float64(i)*0.075
		for y := -int(wide) - 1; y <= int(wide)+1; y++ {
			edge := 1 - math.Abs(float64(y))/wide
			fade := 1 - float64(i)/float64(long)
			if edge > 0 && int(from.y)+y < horizon {
				c.shine(int(from.x)+side*i, int(from.y)+y, rgb(255, 232, 170), strength*float32(edge*fade*fade))
			}
		}
	}
}

// column is land from the horizon up.
func column(c *canvas, x int, high float64, with color) {
	for y := horizon - 1; y >= int(horizon-high-1) && high > 0; y-- {
		c.paint(x, y, with, float32(min(1, max(0, high-float64(horizon-1-y)))))
	}
}

// sea mirrors the sky in waves, which are smaller the farther away they are.
func sea(c *canvas, second float64, l light, lamps []lamp) {
	deep := l.zenith.mix(rgb(8, 66, 92), 0.55).times(0.3 + 0.45*l.day)
	for y := horizon; y < height; y++ {
		near := float64(y-horizon) / (height - horizon)
		far := 1 / (near + 0.06)
		mirrored := l.at(float32(1 - 0.75*near))
		still := mirrored.mix(deep, 0.3+0.55*smooth(float32(near*1.3)))
		crest := mirrored.mix(l.lower, 0.5)
		strength := 0.04 + 0.2*float32(near)
		for x := range width {
			across := (float64(x) - width/2) / 60 * far * 0.35
			swell := wave(across*0.9 + far*2.6 + second*0.9)
			chop := wave(across*2.3-far*4.1-second*1.5) * wave(across*1.1+far*7.3+second*0.7)
			ripple := wave(across*5.1 + far*9.7 - second*2.2 + float64(swell))
			rise := 0.5*swell + 0.35*chop + 0.2*ripple
			pixel := still.times(1+min(0, rise)*strength*1.3).mix(crest, max(0, rise)*strength*1.6)
			for _, lamp := range lamps {
				pixel = lamp.glitter(pixel, x, near, chop, ripple)
			}
			c.pixels[y][x] = pixel
		}
	}
	// Haze where sea and sky meet.
	for y := horizon - 3; y < horizon+5; y++ {
		part := 0.5 - float32(math.Abs(float64(y-horizon)))*0.09
		for x := range width {
			c.paint(x, y, l.lower, part)
		}
	}
}

// glitter is the lamp's road over the water.
func (l lamp) glitter(pixel color, x int, near float64, chop, ripple float32) color {
	if l.strength == 0 {
		return pixel
	}
	wide := 16 + 90*near
	aside := (float64(x) - l.at.x) / wide
	if aside < -2.2 || aside > 2.2 {
		return pixel
	}
	high := float32(min(1, max(0, (horizon-l.at.y)/160)))
	sparkle := max(0, 0.35+0.8*chop+0.5*ripple) * (0.9 - 0.45*high)
	road := float32(math.Exp(-aside*aside)) * l.strength * sparkle * float32(1-0.55*near)
	for i := range pixel {
		pixel[i] += l.light[i] * road * 0.8
	}
	return pixel
}
