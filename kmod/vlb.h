/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtio_loopback, internal interfaces.
 *
 * Life of a device: VLB_CREATE makes it, with its memory, VLB_START queues
 * vlb_device.start, which registers the parent platform device and the virtio
 * device. VLB_DESTROY, close(), or the time in which an orphan waits for another
 * adapter marks it dead and hands it to vlb_device.stop, which unregisters
 * both. Life (until stop), control file, virtio device and parent hold one
 * reference each, the last one frees it all. The module cannot be unloaded
 * before.
 *
 * Locks, outer first: vlb_control.lock (ioctls) > lock (everything short, and
 * whose a device is) > the queues' inflight.lock, never two at once; bounce.lock
 * nests inside any of them. A queue's call_lock is held around its driver's
 * callback, and so outside of the driver's locks and the last two. These three are
 * the only ones taken in interrupts. Nothing is held across register, unregister
 * or a wait for the adapter.
 */
#ifndef VLB_H
#define VLB_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/virtio.h>
#include <linux/virtio_ring.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "bounce.h"
#include "compat.h"
#include "relay.h"
#include "virtio_loopback.h"

#define VLB_POOL_IOVA 0x100000000ULL
#define VLB_POOL_UNIT (64 * 1024UL)

/* Virtio's numbers that the headers of 5.10 lack */
#define VLB_ID_SOUND	25
#define VLB_ID_FS	26
#define VLB_ID_GPIO	41
#define VLB_GPIO_EVENTS 1 /* queue */

/**
 * struct vlb_pool - the memory file a daemon maps
 * @file: the only open file of its inode; private_data is the pool, which
 *	lives as long as that file, and so may outlive the device
 * @pages: all its pages, referenced, hence never moved or swapped out
 * @npages: how many
 * @vaddr: all pages in a row for the kernel, writable throughout
 * @slot_ro: per ring slot, pages for descriptors and available ring, which
 *	user space can never write
 * @slot_rw: per ring slot, pages for the used ring, following slot_ro
 * @nslots: ring slots; the bounce area follows the last one
 * @told: pages at its beginning that user space can never write
 * @shmem_fops: what the inode would have without us
 * @decoy: what user space finds in place of used rings while @fenced
 * @fenced: no write of user space reaches a used ring
 */
struct vlb_pool {
	struct file *file;
	struct page **pages;
	unsigned long npages;
	u8 *vaddr;
	unsigned int slot_ro;
	unsigned int slot_rw;
	unsigned int nslots;
	unsigned long told;
	const struct file_operations *shmem_fops;
	struct page *decoy;
	bool fenced;
};

/**
 * struct vlb_irq_budget - per CPU: how long the interrupt in progress has run
 * @start: local_clock() when it began
 * @maps: buffers the driver has mapped in it
 * @max_maps: with more of them, time counts; 0 outside of interrupts
 */
struct vlb_irq_budget {
	u64 start;
	unsigned int maps;
	unsigned int max_maps;
};

/**
 * struct vlb_inflight - which buffers of a queue the daemon has
 * @lock: protects all; nothing but bounce.lock nests inside
 * @taken: by head: 1 while the daemon has it
 * @order: by head: when it was made available last
 * @twice: heads of which @taken says 2 or more
 * @next: the next number for @order
 * @avail: available index up to which this is true
 * @used: used index up to which this is true
 * @exact: nothing was missed, and neither ring has moved in a way that cannot be
 * @lied: the daemon's ring has
 */
struct vlb_inflight {
	raw_spinlock_t lock;
	u16 *taken;
	u64 *order;
	u64 next;
	u32 twice;
	u16 avail;
	u16 used;
	bool exact;
	bool lied;
};

/* One buffer in flight, for sorting. */
struct vlb_taken {
	u64 order;
	u16 head;
};

/**
 * struct vlb_queue - one virtqueue
 * @size: descriptors; 0 when the queue does not exist
 * @configured: VLB_SETUP_QUEUE was called
 * @ready: a driver has it (under vlb_device.lock)
 * @vq: the driver's queue, between find_vqs and del_vqs
 * @ring: layout in the pool, kernel addresses
 * @kick: signalled for the daemon
 * @kick_file: the same, for another adapter
 * @kick_irq: does so later where an eventfd may not be signalled
 * @call: the daemon's eventfd; the reference keeps @call_head alive
 * @call_irq: takes a signal from the eventfd's wake-up to interrupt context
 * @call_lock: held by the one that is there; @call_head is set to NULL under it
 * @caller: that one, where it is a thread (PREEMPT_RT)
 * @asked: jiffies; when its driver last asked for something, where quirk.c wants to know
 * @answered: the used index when it did so after an answer
 * @relay: its second ring, or NULL; then the driver works on @ring itself
 * @drained: buffers that were given back to the driver without having been served
 */
struct vlb_queue {
	struct vlb_device *dev;
	unsigned int index;
	unsigned int size;
	bool configured;
	bool ready;
	struct virtqueue *vq;
	struct vring ring;
	struct eventfd_ctx *kick;
	struct file *kick_file;
	struct irq_work kick_irq;
	struct file *call;
	wait_queue_head_t *call_head;
	wait_queue_entry_t call_wait;
	struct irq_work call_irq;
	spinlock_t call_lock;
	struct task_struct *caller;
	unsigned long asked;
	u16 answered;
	struct vlb_inflight inflight;
	struct vlb_relay *relay;
	atomic64_t drained;
	atomic64_t kicks;
	atomic64_t calls;
	atomic64_t interrupts;
	atomic64_t bytes_to_daemon;
	atomic64_t bytes_from_daemon;
};

enum vlb_state {
	VLB_CREATED,
	VLB_STARTED,
	VLB_DEAD,
};

enum vlb_binding {
	VLB_PROBING,
	VLB_BOUND,
	VLB_LEAVING,
};

/**
 * struct vlb_control - one open file of /dev/virtio-loopback
 * @lock: one ioctl at a time
 * @dev: its device, from VLB_CREATE or VLB_ADOPT on and then for good; a reference
 * @owner: who opened it
 * @readers: woken when there may be something to read
 */
struct vlb_control {
	struct mutex lock;
	struct vlb_device *dev;
	kuid_t owner;
	wait_queue_head_t readers;
};

/*
 * struct vlb_pending - one request on its way
 * @node: in vlb_device.queued or .sent; empty when in neither
 * @done: completed once answered, or when no answer will come
 * @detached: nobody waits; whoever takes it off the list frees it
 * @read: the adapter has it
 * @lost: the adapter died before it had answered
 * @answered: @error and @data are valid
 */
struct vlb_pending {
	struct list_head node;
	struct completion done;
	bool detached;
	bool read;
	bool lost;
	bool answered;
	int error;
	struct vlb_request req;
	u8 data[VLB_MAX_CONFIG];
};

/**
 * struct vlb_device - one device
 * @bus_events: of the virtio bus
 * @binding: what its driver does, or the last one did
 * @adoptable: it may outlive its adapter
 * @owner: who made it, and so may adopt it
 * @registered: start_work succeeded (start_work, then stop_work)
 * @start_error: start_work failed with this; read() returns it
 * @end_lock: a driver's reset, or the end of service, each as a whole; outside of @lock
 * @misdeed_name: why @misdeed ends service; NULL: for a driver that has let go
 * @lock: protects the rest up to the atomics
 * @state: also changed by the only control file's ioctls
 * @control: the file that it belongs to; NULL: it has none and waits for one, or ends
 * @orphaned: its adapter died, and none has said VLB_BACKEND_UP since
 * @orphaned_at: jiffies; since when
 * @orphans: how many adapters died on it
 * @dead: the device ends; every request is answered here and now
 * @late: a request timed out; nobody waits again until the adapter writes
 * @gave_up: a driver waited retry_timeout_ms in vain; it does not do so again
 *	before the next try or the next daemon
 * @draining: nobody will serve the rings; buffers go back with errors
 * @mend_list: room to find out which these are, in the rings of a daemon that lied: one for each
 *	descriptor of a queue; under @lock
 * @mend_slots: the same, a bit for each granule of the bounce area
 * @snapshot: configuration space for drivers that read it where nobody may sleep; @notify writes it without
 *	a lock and tells the driver right after, so that one that met it half written reads it again
 * @notifier: who is in virtio_config_changed(), where nobody may, on PREEMPT_RT with interrupts on
 * @rings_out: a daemon was told the ring addresses and has not let go since
 * @reset_id: the last reset nobody waits for any more
 * @queued: struct vlb_pending, not read yet
 * @sent: struct vlb_pending, read, not answered
 * @backend_wait: woken when @backend or @dead changes
 */
struct vlb_device {
	struct platform_device pdev;
	struct virtio_device vdev;
	struct kref ref;
	struct list_head node;
	char name[VLB_NAME_LEN];

	struct work_struct start;
	struct work_struct stop;
	struct work_struct misdeed;
	const char *misdeed_name;
	struct work_struct notify;
	struct delayed_work drain;
	struct vlb_taken *mend_list;
	unsigned long *mend_slots;
	struct delayed_work orphan;
	struct work_struct free;
	struct notifier_block bus_events;
	enum vlb_binding binding;
	bool registered;
	int start_error;

	u32 num_queues;
	u32 max_queue_size;
	u32 config_size;
	u64 features;
	bool adoptable;
	kuid_t owner;
	struct vlb_queue *queues;
	struct vlb_pool *pool;
	struct vlb_bounce bounce;
	struct vlb_irq_budget __percpu *budget;
	struct dentry *debugfs;

	struct mutex end_lock;
	spinlock_t lock;
	enum vlb_state state;
	struct vlb_control *control;
	bool orphaned;
	unsigned long orphaned_at;
	bool dead;
	bool late;
	bool gave_up;
	bool draining;
	bool needs_reset;
	bool rings_out;
	u8 status;
	u8 snapshot[VLB_MAX_CONFIG];
	struct task_struct *notifier;
	u32 generation;
	u32 backend;
	u32 next_id;
	u32 reset_id;
	struct list_head queued;
	struct list_head sent;
	wait_queue_head_t backend_wait;
	u64 requests;
	u64 requests_late;
	u64 requests_failed;
	u64 breaks;
	u64 orphans;
};

static inline struct vlb_device *vlb_of_vdev(struct virtio_device *vdev)
{
	return container_of(vdev, struct vlb_device, vdev);
}

static inline struct vlb_device *vlb_of_parent(struct device *parent)
{
	return container_of(parent, struct vlb_device, pdev.dev);
}

/* Holds vlb_device.lock, and so the file is not closed meanwhile. */
static inline void vlb_wake_reader(struct vlb_device *dev)
{
	lockdep_assert_held(&dev->lock);
	if (dev->control)
		wake_up_interruptible(&dev->control->readers);
}

/* device.c */
int vlb_devices_init(void);
void vlb_devices_exit(void);
u64 vlb_max_bounce(void);
bool vlb_name_is_good(const char *name);
struct vlb_device *vlb_device_create(struct vlb_control *control, const struct vlb_create *c);
struct vlb_device *vlb_device_find(const char *name);
void vlb_device_end(struct vlb_device *dev, const char *why);
void vlb_device_bury(struct vlb_device *dev, const char *why);
void vlb_device_get(struct vlb_device *dev);
void vlb_device_put(struct vlb_device *dev);
void vlb_queue_work(struct work_struct *work);
void vlb_queue_end_work(struct work_struct *work);
void vlb_queue_delayed_end_work(struct delayed_work *work, unsigned long delay);

/* orphan.c: the adapter is dead, long live the adapter */
void vlb_orphan_init(struct vlb_device *dev);
void vlb_orphan(struct vlb_device *dev);
struct vlb_device *vlb_adopt(struct vlb_control *control, void __user *arg);
int vlb_adopt_queue(struct vlb_device *dev, void __user *arg);

/* request.c: what the kernel asks the adapter; all but kill may sleep, bounded */
int vlb_request_config_get(struct vlb_device *dev, u32 offset, void *buf, u32 len);
int vlb_request_config_set(struct vlb_device *dev, u32 offset, const void *buf, u32 len);
int vlb_request_status(struct vlb_device *dev, u8 status, u64 features);
int vlb_request_reset(struct vlb_device *dev);
void vlb_requests_init(struct vlb_device *dev);
void vlb_requests_kill(struct vlb_device *dev);
void vlb_requests_orphan(struct vlb_device *dev);
void vlb_requests_set_backend(struct vlb_device *dev, u32 backend);
void vlb_rings_back(struct vlb_device *dev);
unsigned long vlb_stop_timeout(void);

/* answer.c: and what it answers */
ssize_t vlb_requests_read(struct vlb_device *dev, char __user *buf, size_t count);
ssize_t vlb_requests_write(struct vlb_device *dev, const char __user *buf, size_t count);
__poll_t vlb_requests_poll(struct vlb_device *dev);

/* transport.c */
int vlb_transport_register(struct vlb_device *dev);
void vlb_transport_unregister(struct vlb_device *dev);
void vlb_break(struct vlb_device *dev, const char *why);
void vlb_break_soon(struct vlb_device *dev, const char *why);
void vlb_misdeed_work(struct work_struct *work);
void vlb_config_changed(struct vlb_device *dev);
void vlb_notify_work(struct work_struct *work);
u64 vlb_offered_features(u64 features);

/* queue.c */
typedef void vlb_desc_fn(struct vlb_queue *q, const struct vring_desc *desc, void *arg);
int vlb_queue_configure(struct vlb_queue *q, unsigned int size, int kick_fd, int call_fd);
void vlb_queue_init(struct vlb_queue *q, struct vlb_device *dev, unsigned int index);
void vlb_queue_release(struct vlb_queue *q);
void vlb_queue_place(struct vlb_queue *q);
int vlb_queue_hook(struct vlb_queue *q);
void vlb_queue_unhook(struct vlb_queue *q);
void vlb_queue_sync(struct vlb_queue *q);
bool vlb_queue_notify(struct virtqueue *vq);
bool vlb_queue_walk(struct vlb_queue *q, unsigned int head, vlb_desc_fn *fn, void *arg);
bool vlb_queue_walk_table(struct vlb_queue *q, const struct vring_desc *table, unsigned int head,
			  vlb_desc_fn *fn, void *arg);
void vlb_queue_relay(struct vlb_queue *q);
void vlb_queue_tag(struct vlb_queue *q, unsigned int head);
bool vlb_queue_in_interrupt(struct vlb_queue *q);
void vlb_queue_state(struct vlb_queue *q, struct vlb_queue_state *state);

/* inflight.c */
int vlb_inflight_alloc(struct vlb_inflight *f, unsigned int size);
void vlb_inflight_free(struct vlb_inflight *f);
void vlb_inflight_reset(struct vlb_queue *q);
void vlb_inflight_sync(struct vlb_queue *q);
void vlb_inflight_update(struct vlb_queue *q);
void vlb_inflight_update_all(struct vlb_device *dev);
void vlb_inflight_before_map(struct vlb_device *dev);
unsigned int vlb_inflight_count(struct vlb_queue *q, bool *exact);
int vlb_inflight_resume(struct vlb_queue *q);
void vlb_inflight_recover(struct vlb_queue *q, struct vlb_taken *list, unsigned long *claimed);

/* drain.c: buffers go back to the driver with errors when nobody will serve them */
void vlb_drain_init(struct vlb_device *dev);
int vlb_drain_alloc(struct vlb_device *dev);
void vlb_drain_start(struct vlb_device *dev);
void vlb_drain_kick(struct vlb_queue *q);

/* relay.c */
int vlb_relay_alloc(struct vlb_queue *q, u8 *area, dma_addr_t iova, u32 size);
void vlb_relay_free(struct vlb_queue *q);
void vlb_relay_reset(struct vlb_queue *q, enum vlb_relay_kind kind, u32 size);
void vlb_relay_set_kind(struct vlb_queue *q, enum vlb_relay_kind kind);
void vlb_relay_end(struct vlb_queue *q);
unsigned int vlb_relay_run(struct vlb_queue *q);
void vlb_relay_report(struct vlb_queue *q);
u32 vlb_relay_waiting(struct vlb_queue *q);

/* console.c: which queues are relays, and what they do when they are full */
u64 vlb_console_room(u32 device_id, u32 num_queues);
int vlb_console_setup(struct vlb_queue *q);
void vlb_console_reset(struct vlb_queue *q);
void vlb_console_leave(struct vlb_device *dev);
void vlb_console_before_unmap(struct vlb_device *dev);
void vlb_console_heard(struct vlb_device *dev, unsigned int queue, const void *buf, size_t len);

/* quirk.c: what stock drivers could not stand */
int vlb_quirk_watch(struct vlb_device *dev);
void vlb_quirk_unwatch(struct vlb_device *dev);
void vlb_quirk_kick(struct vlb_queue *q);
bool vlb_quirk_is_deaf(struct vlb_queue *q);
void vlb_quirk_config(struct vlb_device *dev, u32 offset, void *buf, u32 len);
void vlb_quirk_answer(struct vlb_device *dev, unsigned int queue, u8 *buf, size_t len);

/* blk.c: reads of disks, whose buffers are not zeroed */
int vlb_blk_init(struct vlb_device *dev);
void vlb_blk_tag(struct vlb_queue *q, unsigned int head);
bool vlb_blk_is_unknown(const struct vlb_bounce *b, unsigned long index,
			const struct vlb_slot *slot);
bool vlb_blk_is_read(const struct vlb_bounce *b, unsigned long index);

/* pool.c */
struct vlb_pool *vlb_pool_create(unsigned int nslots, unsigned int max_queue_size, u64 bounce_size,
				 size_t told);
void vlb_pool_put(struct vlb_pool *pool);
void vlb_pool_fence(struct vlb_pool *pool, bool on);
u64 vlb_pool_size(const struct vlb_pool *pool);
size_t vlb_pool_bounce_offset(const struct vlb_pool *pool);
struct vring vlb_pool_ring(const struct vlb_pool *pool, unsigned int slot, unsigned int size);

/* bounce.c */
void vlb_bounce_reclaim(struct vlb_device *dev);
int vlb_dma_attach(struct vlb_device *dev);
void vlb_dma_limit(struct vlb_device *dev);

/* debugfs.c */
struct dentry *vlb_debugfs_root(void);
void vlb_debugfs_add(struct vlb_device *dev, struct dentry *root);

#endif /* VLB_H */
