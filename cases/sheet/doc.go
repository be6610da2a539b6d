// Package sheet reads and writes tables as people exchange them: CSV in any of the usual separators and
// encodings and XLSX (ECMA-376 part 1, SpreadsheetML) in, CSV (RFC 4180), XLSX and JSON (RFC 8259) out.
//
// It is for importing call lists and contacts and for exporting cases, history and statistics. Both ways
// are streams: a million rows take no more memory than ten. What is read comes from people who may not
// mean well, so everything has a bound, and a file that is damaged half way is an error and never a
// shorter table.
//
// Reading XLSX is our own, on archive/zip and encoding/xml: excelize, which writes, keeps the whole file
// in memory to read it, and takes the place where a sheet breaks off for its end.
//
// It does not know what the columns mean, evaluates no formula (their stored results are read), and reads
// neither XLS nor ODS.
package sheet
