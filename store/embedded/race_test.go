//go:build race

package embedded_test

// raceDetector multiplies the memory that Go takes.
const raceDetector = true
