package disk

import (
	"bytes"
	"context"
	"path/filepath"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// node is a file or folder. What only reads goes straight to the folder below.
type node struct {
	fs.LoopbackNode
	r *recorder
}

// handle is an open file.
type handle struct {
	*fs.LoopbackFile
	n *node
}

// PassthroughFd keeps the kernel from going around us.
func (h *handle) PassthroughFd() (int, bool) { return 0, false }

// newTree is the root of a file system over the folder back.
func newTree(back string, r *recorder) (fs.InodeEmbedder, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(back, &st); err != nil {
		return nil, err
	}
	data := &fs.LoopbackRoot{Path: back, Dev: st.Dev}
	root := &node{LoopbackNode: fs.LoopbackNode{RootData: data}, r: r}
	data.RootNode = root
	return root, nil
}

// WrapChild implements [fs.NodeWrapChilder]: what is found or made below is watched too.
func (n *node) WrapChild(context.Context, fs.InodeEmbedder) fs.InodeEmbedder {
	return &node{LoopbackNode: fs.LoopbackNode{RootData: n.RootData}, r: n.r}
}

func (n *node) name(child string) string { return filepath.Join(n.Path(n.Root()), child) }

func (n *node) inode() uint64 { return n.StableAttr().Ino }

// Create implements [fs.NodeCreater].
func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (child *fs.Inode, fh fs.FileHandle, f uint32, errno syscall.Errno) {
	errno = n.r.do(Op{Kind: Create, Path: n.name(name)}, 0, func(op *Op) (errno syscall.Errno) {
		if child, fh, f, errno = n.LoopbackNode.Create(ctx, name, flags, mode, out); errno == 0 {
			op.File = int(child.StableAttr().Ino)
			fh = &handle{fh.(*fs.LoopbackFile), child.Operations().(*node)}
		}
		return errno
	})
	return child, fh, f, errno
}

// Open implements [fs.NodeOpener].
func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	fh, f, errno := n.LoopbackNode.Open(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &handle{fh.(*fs.LoopbackFile), n}, f, 0
}

// Write implements [fs.FileWriter].
func (h *handle) Write(ctx context.Context, data []byte, at int64) (written uint32, errno syscall.Errno) {
	errno = h.n.r.do(Op{Kind: Write, Path: h.n.name(""), At: at, Data: bytes.Clone(data)}, h.n.inode(), func(op *Op) (errno syscall.Errno) {
		written, errno = h.LoopbackFile.Write(ctx, op.Data, at)
		op.Data = op.Data[:written]
		return errno
	})
	return written, errno
}

// Setattr implements [fs.NodeSetattrer]; a size is what matters.
func (n *node) Setattr(ctx context.Context, f fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	size, sized := in.GetSize()
	if h, ok := f.(*handle); ok {
		f = h.LoopbackFile
	}
	if !sized {
		return n.LoopbackNode.Setattr(ctx, f, in, out)
	}
	return n.r.do(Op{Kind: Truncate, Path: n.name(""), Size: int64(size)}, n.inode(), func(*Op) syscall.Errno {
		return n.LoopbackNode.Setattr(ctx, f, in, out)
	})
}

// folder is an open folder.
type folder struct {
	fs.DirStream
	fs.FileReaddirenter
	fs.FileReleasedirer
	fs.FileSeekdirer
	n *node
}

// OpendirHandle implements [fs.NodeOpendirHandler].
func (n *node) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	h, f, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &folder{h.(fs.DirStream), h.(fs.FileReaddirenter), h.(fs.FileReleasedirer), h.(fs.FileSeekdirer), n}, f, 0
}

// Fsyncdir implements [fs.FileFsyncdirer].
func (f *folder) Fsyncdir(context.Context, uint32) syscall.Errno {
	return f.n.r.do(Op{Kind: SyncDir, Path: f.n.name("")}, 0, func(*Op) syscall.Errno { return 0 })
}

// Fsync implements [fs.NodeFsyncer]. There is nothing to do: the folder below only has to outlive this process.
func (n *node) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	return n.r.do(Op{Kind: Sync, Path: n.name("")}, n.inode(), func(*Op) syscall.Errno { return 0 })
}

// Mkdir implements [fs.NodeMkdirer].
func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (child *fs.Inode, errno syscall.Errno) {
	errno = n.r.do(Op{Kind: Mkdir, Path: n.name(name)}, 0, func(*Op) (errno syscall.Errno) {
		child, errno = n.LoopbackNode.Mkdir(ctx, name, mode, out)
		return errno
	})
	return child, errno
}

// Unlink implements [fs.NodeUnlinker].
func (n *node) Unlink(ctx context.Context, name string) syscall.Errno {
	return n.r.do(Op{Kind: Unlink, Path: n.name(name)}, 0, func(*Op) syscall.Errno { return n.LoopbackNode.Unlink(ctx, name) })
}

// Rename implements [fs.NodeRenamer].
func (n *node) Rename(ctx context.Context, name string, parent fs.InodeEmbedder, to string, flags uint32) syscall.Errno {
	op := Op{Kind: Rename, Path: n.name(name), To: filepath.Join(parent.EmbeddedInode().Path(n.Root()), to)}
	var inode uint64
	if child := n.GetChild(name); child != nil {
		inode = child.StableAttr().Ino
	}
	return n.r.do(op, inode, func(*Op) syscall.Errno { return n.LoopbackNode.Rename(ctx, name, parent, to, flags) })
}
