package numbering

import (
	"fmt"
	"slices"
)

// A block is named by its first digits after +1: six are an exchange, ten a
// single number.
const (
	shortestBlock = exchangeNANP
	longestBlock  = nationalNANP
)

// highCost is a set of blocks of +1 numbers.
type highCost struct {
	areas   [1000]bool // area codes with any block: most numbers need no further look
	blocks  map[uint64]struct{}
	lengths []int
}

func (h *highCost) add(block string) error {
	if len(block) < shortestBlock || len(block) > longestBlock {
		return fmt.Errorf("block %q: give %d to %d digits, without the leading 1", block, shortestBlock, longestBlock)
	}
	digits := make([]byte, len(block))
	for i := range digits {
		digits[i] = block[i] - '0'
		if digits[i] > 9 {
			return fmt.Errorf("block %q: give digits only", block)
		}
	}
	if digits[0] < 2 || digits[3] < 2 {
		return fmt.Errorf("block %q: area code and exchange begin with 2 to 9; leave the leading 1 out", block)
	}
	if h.blocks == nil {
		h.blocks = map[uint64]struct{}{}
	}
	h.blocks[blockKey(digits)] = struct{}{}
	h.areas[int(digits[0])*100+int(digits[1])*10+int(digits[2])] = true
	if !slices.Contains(h.lengths, len(block)) {
		h.lengths = append(h.lengths, len(block))
	}
	return nil
}

// has says whether the digits, at least six, lie in a block. A block longer than
// what masking left visible cannot be told and does not count.
func (h *highCost) has(digits []byte) bool {
	if !h.areas[int(digits[0])*100+int(digits[1])*10+int(digits[2])] {
		return false
	}
	for _, length := range h.lengths {
		if length <= len(digits) {
			if _, ok := h.blocks[blockKey(digits[:length])]; ok {
				return true
			}
		}
	}
	return false
}

// blockKey needs no length beside the digits: an area code never begins with 0.
func blockKey(digits []byte) uint64 {
	var key uint64
	for _, d := range digits {
		key = key*10 + uint64(d)
	}
	return key
}
