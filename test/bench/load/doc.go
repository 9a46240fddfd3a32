// Package load drives an HTTP server with as little work of its own as it can,
// since it shares the machine's cores with what it measures: prepared requests
// on raw keep-alive connections, one goroutine a connection, every answer read
// to its end and its status checked.
package load
