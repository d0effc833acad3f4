/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * virtio-loopback: register a virtio device on this very machine and let a
 * process in user space (the adapter) provide its control plane.
 *
 * One open file of /dev/virtio-loopback is one device. The usual order:
 *
 *	VLB_GET_INFO		check the ABI version
 *	VLB_CREATE		device type, features, queue count; returns the pool fd
 *	VLB_SETUP_QUEUE		once per queue: size, kick and call eventfd
 *	VLB_SET_BACKEND		the daemon answers (and again whenever that changes)
 *	VLB_START		the kernel registers the device, drivers may bind
 *	read() / write()	requests of the kernel and their answers, until
 *	VLB_DESTROY, close()	what its driver waits for fails, the device is
 *				unregistered and freed
 *
 * A device of VLB_CREATE_ADOPTABLE outlives an adapter that dies: closed without
 * VLB_DESTROY it becomes an orphan, and another process has stop_timeout_ms (module
 * parameter) to adopt it:
 *
 *	VLB_ADOPT		by its name; returns what VLB_CREATE and the driver
 *				agreed on, and the pool fd
 *	VLB_ADOPT_QUEUE		once per queue: size, kick and call eventfd
 *	VLB_RESUME_QUEUE	once per queue, when the daemon is there
 *	VLB_SET_BACKEND		up: the device goes on
 *
 * Requests: read() returns exactly one struct vlb_request, poll() says POLLIN
 * when one is waiting. Each is answered by write() of one struct vlb_response
 * with the same id. An answer may come late or never: the kernel gives up
 * after the module parameter stop_timeout_ms and goes on without it; a late
 * answer is -ENOENT and otherwise ignored, except for the answer to a status
 * of 0 (reset), which tells that the daemon has let go of the rings at last.
 *
 * All numbers are in host byte order, all addresses are I/O virtual addresses
 * (IOVA) inside the pool. Unknown flags and non-zero reserved fields are
 * refused with -EINVAL. Structures have no padding and no pointers, hence one
 * layout for 32-bit and 64-bit user space.
 */
#ifndef _UAPI_LINUX_VIRTIO_LOOPBACK_H
#define _UAPI_LINUX_VIRTIO_LOOPBACK_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VLB_ABI_VERSION 2

#define VLB_NAME_LEN	   32 /* with the terminating NUL */
#define VLB_MAX_QUEUES	   1024
#define VLB_MAX_QUEUE_SIZE 1024 /* descriptors; a power of two */
#define VLB_MAX_CONFIG	   256 /* bytes; as VHOST_USER_MAX_CONFIG_SIZE */

/*
 * Errors of the ioctls: ENODEV before VLB_CREATE (or VLB_START, where that comes
 * first), EBUSY for what may be done once or is too late, EINVAL for a number
 * out of its bounds, EPROTO for another ABI version, EEXIST for a name in use,
 * EBADF for a bad descriptor, ENOMEM. read() fails with the reason, and poll()
 * says POLLERR, when the kernel could not register the device after VLB_START.
 * After VLB_DESTROY all that is left is close(): ENODEV, but EBUSY for a second
 * device.
 */

/**
 * struct vlb_info - what this module can do
 * @abi_version: VLB_ABI_VERSION of the module
 * @max_queues: queues per device at most
 * @max_queue_size: descriptors per queue at most
 * @create_flags: flags of struct vlb_create that the module knows; a module that does
 *	not know VLB_CREATE_ADOPTABLE has no VLB_ADOPT either, nor VLB_DESTROY
 * @min_pool_size: bytes; the smallest pool VLB_CREATE accepts
 * @max_pool_size: bytes; the largest one
 */
struct vlb_info {
	__u32 abi_version;
	__u32 max_queues;
	__u32 max_queue_size;
	__u32 create_flags;
	__u64 min_pool_size;
	__u64 max_pool_size;
};

/*
 * vlb_create.flags: closed without VLB_DESTROY, the device waits for VLB_ADOPT. Needs a
 * name. Not while its driver is in its probe (from DRIVER to DRIVER_OK), and not once the
 * device needs a reset: then it ends at once, as any other does.
 */
#define VLB_CREATE_ADOPTABLE 1U

/**
 * struct vlb_create - describe the device, get its memory
 * @abi_version: in; VLB_ABI_VERSION the caller was built with
 * @device_id: in; virtio device type (virtio 1.4, chapter 5), 1 to 63
 * @vendor_id: in; free to choose, shown in sysfs
 * @num_queues: in; 1 to VLB_MAX_QUEUES
 * @max_queue_size: in; the largest size VLB_SETUP_QUEUE will ask for
 * @config_size: in; bytes of configuration space, 0 to VLB_MAX_CONFIG
 * @features: in; what the driver is offered. VIRTIO_F_VERSION_1 must be set,
 *	VIRTIO_F_RING_PACKED must not; the module adds VIRTIO_F_ACCESS_PLATFORM
 * @bounce_size: in; bytes for the data that drivers pass in rings, a multiple
 *	of 64 KiB between min_pool_size and max_pool_size. The module adds the
 *	room for the rings, and for a console (type 3) 256 KiB a port, 8 MiB in all
 * @flags: in; VLB_CREATE_ADOPTABLE or zero
 * @pool_fd: out; a memory file of @pool_size bytes for the daemon (the
 *	region of VHOST_USER_SET_MEM_TABLE). Owned by the caller, close-on-exec
 * @pool_iova: out; the address of byte 0 of @pool_fd in rings and descriptors
 * @pool_size: out; bytes
 * @index: out; N of the parent device "virtio-loopback.N" and of debugfs
 * @reserved: zero
 * @name: in; for people, NUL-terminated, [A-Za-z0-9._-], unique or empty
 */
struct vlb_create {
	__u32 abi_version;
	__u32 device_id;
	__u32 vendor_id;
	__u32 num_queues;
	__u32 max_queue_size;
	__u32 config_size;
	__u64 features;
	__u64 bounce_size;
	__u32 flags;
	__s32 pool_fd;
	__u64 pool_iova;
	__u64 pool_size;
	__u32 index;
	__u32 reserved;
	char name[VLB_NAME_LEN];
};

/**
 * struct vlb_adopt - take over a device whose adapter died
 * @abi_version: in; as in struct vlb_create
 * @device_id: in; the virtio device type that it must have
 * @num_queues: out; like all that is not explained here as VLB_CREATE had it
 * @features: out; what drivers are offered, VIRTIO_F_ACCESS_PLATFORM included
 * @driver_features: out; what the driver took; 0 before DRIVER_OK
 * @status: out; device status as the driver has set it last. With DRIVER_OK the rings are
 *	to be served; else the driver's requests will say when
 * @flags: in; zero
 * @pool_fd: out; a new descriptor of the same memory file. Owned by the caller,
 *	close-on-exec
 * @reserved: zero
 * @name: in; as it was created
 *
 * ENOENT: there is no device of that name (any more). EBUSY: its adapter lives, or this
 * file has a device. EPERM: it was created by another user. EINVAL: it is of another type.
 *
 * The device stays an orphan, whose requests wait and whose rings nobody else gets, until
 * VLB_BACKEND_UP. That word also says that no daemon of the last adapter writes into the
 * rings: it hung up, or it is the one that serves them now, and it takes one front-end at
 * a time. If the file is closed before, the device ends when the first orphan's
 * time is over, or at once if it is.
 *
 * Requests that the last adapter had read are asked again, with new ids, after
 * VLB_BACKEND_UP; a reset (status 0) also before.
 */
struct vlb_adopt {
	__u32 abi_version;
	__u32 device_id;
	__u32 num_queues;
	__u32 max_queue_size;
	__u32 config_size;
	__u32 index;
	__u64 features;
	__u64 driver_features;
	__u64 bounce_size;
	__u32 status;
	__s32 pool_fd;
	__u64 pool_iova;
	__u64 pool_size;
	__u32 flags;
	__u32 reserved;
	char name[VLB_NAME_LEN];
};

/**
 * struct vlb_setup_queue - give a queue its size and its eventfds
 * @index: queue number
 * @size: descriptors, a power of two up to vlb_create.max_queue_size; 0: the
 *	queue does not exist, drivers that ask for it get -ENOENT
 * @kick_fd: eventfd that the module signals when the driver notifies
 * @call_fd: eventfd whose signal is the queue's interrupt; never drained by
 *	the module
 *
 * Only before VLB_START, at most once per queue. The module holds its own
 * references, so the caller may close its descriptors.
 *
 * VLB_ADOPT_QUEUE takes @index and returns the rest, with new descriptors of the same
 * eventfds: owned by the caller, close-on-exec, -1 where @size is 0. The dead adapter's
 * daemon may have swallowed a kick, so signal both once the rings are resumed. Only
 * between VLB_ADOPT and VLB_BACKEND_UP (else EBUSY).
 */
struct vlb_setup_queue {
	__u32 index;
	__u32 size;
	__s32 kick_fd;
	__s32 call_fd;
};

/**
 * struct vlb_queue_state - where a queue's rings are, and how far they got
 * @index: in; queue number
 * @ready: out; 1 when a driver has set the queue up
 * @size: out; descriptors
 * @used_idx: out; the used index in the ring now: where a daemon goes on that
 *	was started in the place of another one (VHOST_USER_SET_VRING_BASE)
 * @avail_idx: out; the available index in the ring now
 * @desc: out; IOVA of the descriptor table
 * @avail: out; IOVA of the available ring
 * @used: out; IOVA of the used ring
 *
 * VLB_RESUME_QUEUE also rewrites the available ring, for a daemon that begins at
 * used_idx: the entries from there to avail_idx become the buffers that were made
 * available and never used, each once, oldest first. So no request is lost, whatever
 * order the last daemon worked in. Only between VLB_BACKEND_DOWN and
 * VLB_BACKEND_UP (else EBUSY), when the last daemon has died or hung up: it must not
 * write any more. ESTALE: that daemon spoilt its used ring, nobody can go on.
 * A used ring that names buffers that its daemon did not have stops the device as VLB_BREAK does.
 */
struct vlb_queue_state {
	__u32 index;
	__u32 ready;
	__u32 size;
	__u16 used_idx;
	__u16 avail_idx;
	__u64 desc;
	__u64 avail;
	__u64 used;
};

/* Argument of VLB_SET_BACKEND: is there a daemon that answers? */
enum vlb_backend {
	VLB_BACKEND_DOWN, /* requests wait for retry_timeout_ms */
	VLB_BACKEND_UP, /* requests are passed on at once */
};

/**
 * enum vlb_request_type - what the kernel wants to know or to tell
 * @VLB_REQ_CONFIG_GET: read vlb_request.len bytes of configuration space at
 *	vlb_request.offset; the answer carries the same len and the data
 * @VLB_REQ_CONFIG_SET: write vlb_request.data there
 * @VLB_REQ_STATUS: the driver's device status becomes vlb_request.status
 *	(virtio 1.4, 2.1); vlb_request.features are the negotiated ones from
 *	FEATURES_OK on. With DRIVER_OK the queues of VLB_GET_QUEUE are to be
 *	served; a status of 0 means that the daemon must let go of them before
 *	the answer
 */
enum vlb_request_type {
	VLB_REQ_CONFIG_GET = 1,
	VLB_REQ_CONFIG_SET,
	VLB_REQ_STATUS,
};

struct vlb_request {
	__u32 id;
	__u32 type;
	__u32 offset;
	__u32 len;
	__u64 features;
	__u32 status;
	__u32 reserved;
	__u8 data[VLB_MAX_CONFIG];
};

/**
 * struct vlb_response - the answer to one request
 * @id: of the request
 * @error: 0 or a positive errno. A failed CONFIG_GET reads as zeroes; a failed
 *	DRIVER_OK breaks the device until the next reset
 * @len: bytes in @data: vlb_request.len for a good CONFIG_GET, else 0
 * @reserved: zero
 */
struct vlb_response {
	__u32 id;
	__u32 error;
	__u32 len;
	__u32 reserved;
	__u8 data[VLB_MAX_CONFIG];
};

#define VLB_IOC_MAGIC	0xb4
#define VLB_GET_INFO	_IOR(VLB_IOC_MAGIC, 0, struct vlb_info)
#define VLB_CREATE	_IOWR(VLB_IOC_MAGIC, 1, struct vlb_create)
#define VLB_SETUP_QUEUE _IOW(VLB_IOC_MAGIC, 2, struct vlb_setup_queue)
#define VLB_SET_BACKEND _IOW(VLB_IOC_MAGIC, 3, __u32)
#define VLB_START	_IO(VLB_IOC_MAGIC, 4)
#define VLB_GET_QUEUE	_IOWR(VLB_IOC_MAGIC, 5, struct vlb_queue_state)
/* As VLB_GET_QUEUE, for a daemon that takes the place of one that died; see struct vlb_queue_state. */
#define VLB_RESUME_QUEUE _IOWR(VLB_IOC_MAGIC, 8, struct vlb_queue_state)
/* The daemon's configuration space changed (VHOST_USER_BACKEND_CONFIG_CHANGE_MSG). */
#define VLB_CONFIG_CHANGED _IO(VLB_IOC_MAGIC, 6)
/*
 * The device cannot go on: what the driver waits for fails, as does all it asks
 * from now on, and it sees NEEDS_RESET.
 */
#define VLB_BREAK	_IO(VLB_IOC_MAGIC, 7)
#define VLB_ADOPT	_IOWR(VLB_IOC_MAGIC, 9, struct vlb_adopt)
#define VLB_ADOPT_QUEUE _IOWR(VLB_IOC_MAGIC, 10, struct vlb_setup_queue)
/* Goodbye: the device ends now, adoptable or not, and so does the use of this file. */
#define VLB_DESTROY _IO(VLB_IOC_MAGIC, 11)

#endif /* _UAPI_LINUX_VIRTIO_LOOPBACK_H */
