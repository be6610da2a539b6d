package directory

import "ringback/store"

// The keys of this package. A version is a number, counted up from 1.
//
//	directory current            the number of the version in force: as a headRecord
//	directory version <number>   what is known of a version: a headRecord
//	directory text    <number>   its file: canonical YAML, gzip
const keySpace = "directory"

func currentKey() []byte              { return store.Key(keySpace, "current") }
func versionKey(number uint64) []byte { return store.Key(keySpace, "version", number) }
func textKey(number uint64) []byte    { return store.Key(keySpace, "text", number) }
