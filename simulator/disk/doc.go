// Package disk is a disk that can be watched, broken and cut off from its power.
//
// [Start] mounts a folder once more, through a FUSE file system in a process of its own. Everything that changes a file there is noted
// in its order ([Disk.Log]) and can be made to fail ([Fault]). [Cut] makes out of such a log what a disk may hold after a power cut:
// all that was synced, and any part of the rest.
//
// It needs Linux, /dev/fuse and root. The process of its own is needed because the users map files into their memory: a program
// that serves its own page faults waits for itself.
package disk
