package configs

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
)

// suggest offers the known word that was probably meant, or all of them when none is near.
func suggest(word string, known []string) string {
	best, least := "", len(word)/2+1
	for _, k := range known {
		n := edits(word, k)
		if word != "" && (strings.HasPrefix(k, word) || strings.HasSuffix(k, word)) {
			n = 0
		}
		if n < least {
			best, least = k, n
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "known are " + strings.Join(known, ", ")
}

// edits counts the insertions, deletions, substitutions and swaps of neighbours that turn a into b.
func edits(a, b string) int {
	above2, above := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			substituted := above[j]
			if a[i] != b[j] {
				substituted++
			}
			row[j+1] = min(substituted, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], above2[j-1]+1)
			}
		}
		above2, above = above, row
	}
	return above[len(b)]
}

// advise puts a type's own error into our words, where that type is not ours.
func advise(v reflect.Value, text string, err error) string {
	switch v.Addr().Interface().(type) {
	case *netip.Prefix:
		if addr, err := netip.ParseAddr(text); err == nil {
			return fmt.Sprintf("%s lacks its length; write %s/%d for this address alone", text, text, addr.BitLen())
		}
		return fmt.Sprintf("%q is no network; write an address and a length, as 192.0.2.0/24 or 2001:db8::/32", text)
	case *netip.AddrPort:
		return fmt.Sprintf("%q is no address with a port; write it as 192.0.2.9:5066 or [2001:db8::9]:5066", text)
	}
	return err.Error()
}
