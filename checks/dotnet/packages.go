package dotnet

import "strings"

// fact is what a package says about its application.
type fact struct {
	about Need
	why   string
	until string // as of [Evidence]
}

const (
	sqlClient = "`%s` refuses to connect without ICU"
	bySQL     = "`%s` brings SqlClient, which refuses to connect without ICU"
	browser   = "`%s` drives a browser, which has to be in the image with its libraries"
	wkhtml    = "`%s` needs the libraries of wkhtmltopdf"
	db2       = "`%s` needs the libraries of the Db2 driver, libxml2 and PAM"
	ffmpeg    = "`%s` runs ffmpeg"
	kerberos  = "`%s` needs Kerberos (libgssapi-krb5-2)"
	// https://learn.microsoft.com/dotnet/core/compatibility/containers/8.0/krb5-libs-package
	kerberosUntil = "8.0"
)

// packageFacts is what is known of packages, by id in lower case. That SqlClient throws in
// invariant mode is by design (https://github.com/dotnet/SqlClient/issues/220,
// https://github.com/dotnet/dotnet-docker/blob/main/samples/enable-globalization.md); the
// others of its kind depend on it. A chiseled image has libc, libgcc, libssl, libstdc++,
// up to .NET 8 zlib, and with -extra ICU and time zones, nothing else
// (https://github.com/dotnet/dotnet-docker/blob/main/documentation/ubuntu-chiseled.md).
var packageFacts = map[string]fact{
	"microsoft.data.sqlclient":                                 {ICU, sqlClient, ""},
	"system.data.sqlclient":                                    {ICU, sqlClient, ""},
	"microsoft.entityframeworkcore.sqlserver":                  {ICU, bySQL, ""},
	"microsoft.entityframeworkcore.sqlserver.nettopologysuite": {ICU, bySQL, ""},
	"microsoft.entityframeworkcore.sqlserver.hierarchyid":      {ICU, bySQL, ""},
	"microsoft.extensions.caching.sqlserver":                   {ICU, bySQL, ""},
	"aspire.microsoft.data.sqlclient":                          {ICU, bySQL, ""},
	"aspire.microsoft.entityframeworkcore.sqlserver":           {ICU, bySQL, ""},
	"aspnetcore.healthchecks.sqlserver":                        {ICU, bySQL, ""},
	"dbup-sqlserver":                                           {ICU, bySQL, ""},
	"masstransit.sqltransport.sqlserver":                       {ICU, bySQL, ""},
	"nservicebus.transport.sqlserver":                          {ICU, bySQL, ""},
	"serilog.sinks.mssqlserver":                                {ICU, bySQL, ""},
	"timezoneconverter":                                        {TimeZones, "`%s` looks up time zones of the system", ""},
	"skiasharp.nativeassets.linux":                             {Native, "`%s` needs fontconfig; `SkiaSharp.NativeAssets.Linux.NoDependencies` does not", ""},
	"system.drawing.common":                                    {Native, "`%s` needs libgdiplus, and from version 7 works on Windows only", ""},
	"ibm.data.db2.core-lnx":                                    {Native, db2, ""},
	"net.ibm.data.db2-lnx":                                     {Native, db2, ""},
	"net5.ibm.data.db2-lnx":                                    {Native, db2, ""},
	"system.data.odbc":                                         {Native, "`%s` needs unixODBC and a driver", ""},
	"system.directoryservices.protocols":                       {Native, "`%s` needs libldap", ""},
	"microsoft.aspnetcore.authentication.negotiate":            {Native, kerberos, kerberosUntil},
	"microsoft.playwright":                                     {Native, browser, ""},
	"puppeteersharp":                                           {Native, browser, ""},
	"selenium.webdriver":                                       {Native, browser, ""},
	"dinktopdf":                                                {Native, wkhtml, ""},
	"haukcode.wkhtmltopdfdotnet":                               {Native, wkhtml, ""},
	"rotativa.aspnetcore":                                      {Native, wkhtml, ""},
	"ffmpegcore":                                               {Native, ffmpeg, ""},
	"xabe.ffmpeg":                                              {Native, ffmpeg, ""},
}

// factOf is what is known of a package; false where nothing is.
func factOf(id string) (fact, bool) {
	f, ok := packageFacts[strings.ToLower(id)]
	return f, ok
}
