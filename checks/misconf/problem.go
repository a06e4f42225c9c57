package misconf

// A problem is what several checks say of one field, or of fields that belong together:
// where they do so at one place, one edit cures them all, and they are reported as one.
type problem struct {
	name string
	// because says why the checks are one problem, as a clause.
	because string
	ids     []string
}

const (
	droppedCapabilities = "dropped capabilities"
	addedCapability     = "added capability"
)

var problems = []problem{
	{droppedCapabilities, "dropping ALL cures each of them", []string{"KSV-0003", "KSV-0004"}},
	{addedCapability, "one check forbids all capabilities, the others one of them by name", []string{"KSV-0005", "KSV-0022", "KSV-0119", "KSV-0120"}},
	{"root", "without a security context nothing keeps the container from running as root", []string{"KSV-0012", "KSV-0118"}},
	{"user and group", "they are about the ids that the container runs with", []string{"KSV-0020", "KSV-0021", "KSV-0105", "KSV-0116"}},
	{"seccomp profile", "RuntimeDefault cures both", []string{"KSV-0030", "KSV-0104"}},
	{"resources", "they are the four lines of one block", []string{"KSV-0011", "KSV-0015", "KSV-0016", "KSV-0018"}},
	{"path of the host", "one check forbids all paths, the others some of them by name", []string{"KSV-0006", "KSV-0023", "KSV-0121"}},
	{"everything in a role", "one wildcard makes them all fail", []string{"KSV-0044", "KSV-0046", "KSV-0112"}},
	{"ConfigMap", "they look for words in the same entry", []string{"KSV-0109", "KSV-01010"}},
	{"control plane", "they are about the command line of one component of a cluster", controlPlane},
}

// problemOf names the problem of each check that shares one. KSV-0106 has two of them and
// says for each finding which.
var problemOf = func() map[string]string {
	m := map[string]string{}
	for _, p := range problems {
		for _, id := range p.ids {
			m[id] = p.name
		}
	}
	return m
}()

// controlPlane are the checks of the flags of a cluster's own components.
var controlPlane = []string{
	"KCV-0001", "KCV-0002", "KCV-0003", "KCV-0004", "KCV-0005", "KCV-0006", "KCV-0007", "KCV-0008",
	"KCV-0009", "KCV-0010", "KCV-0011", "KCV-0012", "KCV-0014", "KCV-0015", "KCV-0016", "KCV-0017",
	"KCV-0018", "KCV-0019", "KCV-0020", "KCV-0021", "KCV-0022", "KCV-0024", "KCV-0025", "KCV-0026",
	"KCV-0027", "KCV-0028", "KCV-0029", "KCV-0030", "KCV-0033", "KCV-0034", "KCV-0035", "KCV-0036",
	"KCV-0037", "KCV-0038", "KCV-0039", "KCV-0040", "KCV-0041", "KCV-0042", "KCV-0043", "KCV-0044",
	"KCV-0045", "KCV-0046", "KCV-0047",
}
