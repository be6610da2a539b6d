package directory

import (
	"slices"
	"strings"
)

// suggest offers the known words that one which is none of them may have been meant for, or all of
// them when they are few.
func suggest(word string, known []string) string {
	like := alike(word, known)
	switch {
	case len(like) > 0:
		return `did you mean "` + strings.Join(like, `" or "`) + `"?`
	case len(known) == 0:
		return "none is defined"
	case len(known) <= 12:
		return "known are " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
	}
	return "the manual lists those that are"
}

// alike are the nearest known word by spelling, else up to three that hold the word. Only the first
// 2000 are looked at, so that hostile files cost little.
func alike(word string, known []string) []string {
	word = strings.ToLower(word)
	best, distance := "", len(word)/3+1
	var holding []string
	for _, k := range known[:min(len(known), 2000)] {
		lower := strings.ToLower(k)
		if d := editDistance(word, lower, distance); d < distance || d == distance && best == "" {
			best, distance = k, d
		}
		if len(word) >= 3 && len(holding) < 3 && strings.Contains(lower, word) {
			holding = append(holding, k)
		}
	}
	if best != "" {
		return []string{best}
	}
	return holding
}

// editDistance counts the insertions, deletions, substitutions and swaps of neighbours that turn a
// into b; beyond limit it only says more than limit.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	older, old := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(old[j]+1, row[j-1]+1, old[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, old = old, row
	}
	return old[len(b)]
}
