// Package chart draws a small picture of an organizer's use against what is usual, for the
// thread of a case. It has no letters: the message beside it says what it shows.
package chart

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
)

// Days is how many days a picture shows, and Recent how many of them, the newest, are set
// against the others.
const (
	Days   = 28
	Recent = 7
)

// The picture's size and margin, in pixels.
const (
	width, height = 560, 160
	margin        = 8
)

var (
	ground = color.RGBA{0xff, 0xff, 0xff, 0xff}
	usual  = color.RGBA{0x9a, 0xa5, 0xb1, 0xff}
	recent = color.RGBA{0xc2, 0x3b, 0x22, 0xff}
	line   = color.RGBA{0x1f, 0x29, 0x33, 0xff}
)

// Baseline is the median of the days before the recent ones: what is usual.
func Baseline(minutes []float64) float64 {
	if len(minutes) <= Recent {
		return 0
	}
	before := slices.Sorted(slices.Values(minutes[:len(minutes)-Recent]))
	mid := len(before) / 2
	if len(before)%2 == 1 {
		return before[mid]
	}
	return (before[mid-1] + before[mid]) / 2
}

// Says gives the picture's numbers, which it has no letters for.
func Says(minutes []float64) string {
	return fmt.Sprintf("Dial-out minutes a day over %d weeks: usually %.0f (the line), %.0f on the highest day of the last %d (red)",
		len(minutes)/7, Baseline(minutes), slices.Max(append([]float64{0}, minutes[max(len(minutes)-Recent, 0):]...)), Recent)
}

// Draw makes a PNG of the minutes of each day, oldest first: grey bars for the past, red ones
// for the recent days, and a line at what is usual.
func Draw(minutes []float64) ([]byte, error) {
	if len(minutes) == 0 {
		return nil, fmt.Errorf("a chart of no days")
	}
	baseline := Baseline(minutes)
	top := max(slices.Max(minutes), baseline, 1)
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	y := func(v float64) int { return height - margin - int(v/top*float64(height-2*margin)) }
	slot := float64(width-2*margin) / float64(len(minutes))
	for i, v := range minutes {
		shade := usual
		if i >= len(minutes)-Recent {
			shade = recent
		}
		left := margin + int(float64(i)*slot)
		bar := image.Rect(left+1, y(v), max(margin+int(float64(i+1)*slot)-1, left+2), height-margin)
		draw.Draw(img, bar, image.NewUniform(shade), image.Point{}, draw.Src)
	}
	at := y(baseline)
	draw.Draw(img, image.Rect(margin, at-1, width-margin, at+1), image.NewUniform(line), image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	return out.Bytes(), nil
}
