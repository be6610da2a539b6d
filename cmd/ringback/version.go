package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// version is the release, set by the linker (see the Makefile).
var version string

type versionCommand struct{}

// Run prints one line that a bug report wants.
func (*versionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintf(out, "ringback %s %s %s/%s\n", release(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// release is the version from the linker, else from the module or the commit that was built.
func release() string {
	if version != "" {
		return version
	}
	if commit := revision(); len(commit) >= 12 {
		return commit[:12]
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		return build.Main.Version
	}
	return "unknown"
}

// revision is the commit that was built, "" when the build does not know it.
func revision() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range build.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return ""
}
