package report_test

import (
	"strings"
	"testing"

	"github.com/chiselbot/chiselbot/app/report"
	"github.com/chiselbot/chiselbot/app/review"
)

const sampleMarkdown = `<!-- nobody sees this -->
### ❌ A heading with ` + "`code`" + `

A paragraph that is long enough to be broken into two lines at forty columns, with **strong**, *soft* and ~~gone~~ words and a [link](https://example.com).

- one\\
  and its second line
- two, which is longer than a line may be, so that the rest of it stands below
  - two and a half

1. first

| | Before | After |
| :-- | :-- | :-- |
| Image | ` + "`a:1`" + ` | ` + "`a:2`" + ` |
| Shell | yes | no |

<details>
<summary>Folded <code>up</code> (2)</summary>

Hidden.

</details>

` + "```diff\n-old\n+new\n```\n\n```sh\necho cats\n```\n" + `
> quoted

***
`

func TestMarkdownText(t *testing.T) {
	t.Parallel()
	for name, terminal := range map[string]report.Terminal{
		"markdown.40.txt": {Width: 40}, "markdown.color.txt": {Width: 80, Colors: true, Links: true},
	} {
		var b strings.Builder
		if err := report.MarkdownText(&b, strings.ReplaceAll(sampleMarkdown, "\\\\", "\\"), terminal); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.String())
	}
}

// TestMarkdownTextOfRuns: nothing in a check run makes a terminal do anything.
func TestMarkdownTextOfRuns(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, _ string, r *review.Review) {
		c := report.CheckRunOf(r)
		var b strings.Builder
		if err := report.MarkdownText(&b, c.Summary+"\n"+c.Text, report.Terminal{Width: 60}); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
				t.Fatalf("the character %q:\n%s", r, b.String())
			}
		}
	})
}
