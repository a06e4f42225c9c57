package dockerfile

import (
	"bytes"
	"encoding/json"
)

// ExecForm is how a command is written in exec form: ["dotnet", "app.dll"].
func ExecForm(args []string) string {
	var b bytes.Buffer
	for n, arg := range args {
		if n > 0 {
			b.WriteString(", ")
		}
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(arg) // a string always encodes
		b.Truncate(b.Len() - 1)
	}
	return "[" + b.String() + "]"
}
