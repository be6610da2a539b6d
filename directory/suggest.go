package directory

import (
	"slices"
	"strings"
)

// suggest offers the nearest of the known words for one that is none of them, or all of them when
// they are few and none is near. It looks at the first 2000, so that hostile files cost little.
func suggest(word string, known []string) string {
	best, distance := "", len(word)/3+1
	for _, k := range known[:min(len(known), 2000)] {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k), distance); d < distance || d == distance && best == "" {
			best, distance = k, d
		}
	}
	switch {
	case best != "":
		return `did you mean "` + best + `"?`
	case len(known) == 0:
		return "none is defined"
	case len(known) <= 12:
		sorted := slices.Sorted(slices.Values(known))
		return "known are " + strings.Join(sorted, ", ")
	}
	return "none of those defined is like it"
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
