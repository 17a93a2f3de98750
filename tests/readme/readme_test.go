// Package readme holds the README to what the product does.
package readme

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"github.com/tollbook/tollbook/emulator/cloud"
	"github.com/tollbook/tollbook/shared/call"
)

func readme(t *testing.T) string {
	t.Helper()
	t.Chdir("../..")
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// blocks returns the fenced blocks of a language.
func blocks(text, language string) []string {
	var out []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

func run(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cloud.Main(context.Background(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("%q: exit %d\n%s%s", args, code, &stdout, &stderr)
	}
	return stdout.String()
}

func TestTheSampleRunIsShownAsItIs(t *testing.T) {
	shown := blocks(readme(t), "text")[0]
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`(?s)\$\(GO\) run \./emulator (.*?--out) \$\(OUT\)`).FindStringSubmatch(string(makefile))
	if rule == nil {
		t.Fatal("make run does not run the emulator")
	}
	out := t.TempDir()
	args := append(strings.Fields(strings.ReplaceAll(rule[1], "\\\n", " ")), out)
	got := strings.ReplaceAll(run(t, args...), out, "out/sample")
	if diff := cmp.Diff(shown, got); diff != "" {
		t.Errorf("-README +make run\n%s", diff)
	}
}

func TestTheCommandsWork(t *testing.T) {
	ran, out := 0, t.TempDir()
	for _, block := range blocks(readme(t), "sh") {
		for line := range strings.Lines(block) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./emulator "); ok {
				rest, _, _ = strings.Cut(rest, "#")
				run(t, strings.Fields(strings.ReplaceAll(rest, "out/mine", out))...)
				ran++
			}
		}
	}
	if ran == 0 {
		t.Error("the README shows no command of the emulator")
	}
}

func TestEveryReasonIsInTheTable(t *testing.T) {
	var want []string
	for _, r := range call.Reasons {
		want = append(want, fmt.Sprintf("| %s | `%s` | %s |", r.Status, r.Reason, r.Meaning))
	}
	var got []string
	for _, line := range strings.Split(readme(t), "\n") {
		if regexp.MustCompile("^\\| (unrated|rejected|ignored) \\| `").MatchString(line) {
			got = append(got, line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-product +README\n%s", diff)
	}
}

func TestEveryOptionIsInTheTable(t *testing.T) {
	text := readme(t)
	var stdout, stderr bytes.Buffer
	cloud.Main(context.Background(), []string{"try", "-h"}, &stdout, &stderr)
	options := regexp.MustCompile(`(?m)^  -([a-z]+)`).FindAllStringSubmatch(stderr.String(), -1)
	if len(options) < 10 {
		t.Fatalf("only %d options listed by try -h", len(options))
	}
	for _, o := range options {
		if !strings.Contains(text, "`--"+o[1]) {
			t.Errorf("the README does not say what --%s does", o[1])
		}
	}
}
