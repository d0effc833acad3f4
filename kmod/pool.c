// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory file that a daemon maps: ring slots, then the bounce area, which begins
 * with the part for what the daemon is only told.
 *
 * It is a real shmem file, so that fstat, lseek, mlock and get_user_pages
 * (O_DIRECT) work on it as on any memfd. Only its file operations
 * are ours: no write, no fallocate, no second open, and mappings in which the
 * pages with descriptor tables, indirect ones too, and available rings never become
 * writable. The virtio core follows what stands in these without checking.
 */
#include <linux/fcntl.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "vlb.h"

static bool vlb_pool_page_is_ro(const struct vlb_pool *pool, unsigned long index)
{
	unsigned long slot = pool->slot_ro + pool->slot_rw, rings = slot * pool->nslots;

	return index < rings ? index % slot < pool->slot_ro : index - rings < pool->told;
}

static bool vlb_pool_is_fenced(const struct vlb_pool *pool, unsigned long index)
{
	unsigned long slot = pool->slot_ro + pool->slot_rw;

	return READ_ONCE(pool->fenced) && index / slot < pool->nslots &&
	       index % slot >= pool->slot_ro;
}

/*
 * The page lock is held until the page is mapped, so that vlb_pool_fence() can wait
 * for those who came before it.
 */
static vm_fault_t vlb_pool_fault(struct vm_fault *vmf)
{
	struct vlb_pool *pool = vmf->vma->vm_file->private_data;
	struct page *page;

	if (vmf->pgoff >= pool->npages)
		return VM_FAULT_SIGBUS;
	page = pool->pages[vmf->pgoff];
	lock_page(page);
	if (vlb_pool_is_fenced(pool, vmf->pgoff)) {
		unlock_page(page);
		page = pool->decoy;
		lock_page(page);
	}
	get_page(page);
	vmf->page = page;
	return VM_FAULT_LOCKED;
}

/*
 * Because this exists, the core maps every page read-only at first and asks
 * here before the first write, also after mprotect() and for get_user_pages().
 */
static vm_fault_t vlb_pool_mkwrite(struct vm_fault *vmf)
{
	struct vlb_pool *pool = vmf->vma->vm_file->private_data;

	if (vlb_pool_page_is_ro(pool, vmf->pgoff))
		return VM_FAULT_SIGBUS;
	lock_page(vmf->page);
	if (vmf->page == pool->decoy || !vlb_pool_is_fenced(pool, vmf->pgoff))
		return VM_FAULT_LOCKED;
	/* Fenced since it was looked up: the fault comes again. */
	unlock_page(vmf->page);
	return VM_FAULT_NOPAGE;
}

static const struct vm_operations_struct vlb_pool_vm_ops = {
	.fault = vlb_pool_fault,
	.page_mkwrite = vlb_pool_mkwrite,
};

static int vlb_pool_mmap(struct file *file, struct vm_area_struct *vma)
{
	/* A private copy of rings would only ever be a daemon's mistake. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	vma->vm_ops = &vlb_pool_vm_ops;
	return 0;
}

static void vlb_pool_free(struct vlb_pool *pool)
{
	unsigned long i;

	if (pool->vaddr)
		vunmap(pool->vaddr);
	for (i = 0; pool->pages && i < pool->npages && pool->pages[i]; i++)
		put_page(pool->pages[i]);
	kvfree(pool->pages);
	if (pool->decoy)
		put_page(pool->decoy);
	kfree(pool);
}

static int vlb_pool_release(struct inode *inode, struct file *file)
{
	struct vlb_pool *pool = file->private_data;

	/* The inode may be held a little longer than this module. */
	inode->i_fop = pool->shmem_fops;
	vlb_pool_free(pool);
	return 0;
}

static const struct file_operations vlb_pool_fops = {
	.owner = THIS_MODULE,
	.mmap = vlb_pool_mmap,
	.release = vlb_pool_release,
	.llseek = generic_file_llseek,
	.fsync = noop_fsync,
};

/* /proc/PID/fd, map_files and file handles would give a file with shmem's own write(). */
static int vlb_pool_reopen(struct inode *inode, struct file *file)
{
	return -EPERM;
}

static const struct file_operations vlb_pool_reopen_fops = {
	.owner = THIS_MODULE,
	.open = vlb_pool_reopen,
};

/* From here on vlb_pool_release() frees the pool with the file's last reference. */
static void vlb_pool_take_over(struct vlb_pool *pool)
{
	struct file *file = pool->file;
	struct inode *inode = file_inode(file);

	SHMEM_I(inode)->seals |= F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	pool->shmem_fops = inode->i_fop;
	inode->i_fop = &vlb_pool_reopen_fops;
	file->private_data = pool;
	file->f_mode &= ~(FMODE_CAN_READ | FMODE_CAN_WRITE);
	/* Up to 5.x files made inside the kernel have none. */
	file->f_mode |= FMODE_LSEEK;
	fops_put(file->f_op);
	__module_get(THIS_MODULE);
	file->f_op = &vlb_pool_fops;
}

static int vlb_pool_populate(struct vlb_pool *pool)
{
	struct address_space *mapping = pool->file->f_mapping;
	unsigned long i;

	pool->pages = kvcalloc(pool->npages, sizeof(*pool->pages), GFP_KERNEL);
	pool->decoy = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!pool->pages || !pool->decoy)
		return -ENOMEM;
	mapping_set_unevictable(mapping);
	for (i = 0; i < pool->npages; i++) {
		struct page *page;

		/* Not movable: we keep the reference for good. */
		page = shmem_read_mapping_page_gfp(mapping, i, GFP_KERNEL);
		if (IS_ERR(page))
			return PTR_ERR(page);
		pool->pages[i] = page;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	pool->vaddr = vmap(pool->pages, pool->npages, VM_MAP, PAGE_KERNEL);
	return pool->vaddr ? 0 : -ENOMEM;
}

/*
 * Makes the file and all its pages: @nslots ring slots with room for
 * @max_queue_size descriptors each (a power of two), @bounce_size bytes (whole
 * pages), the first @told of which user space cannot write.
 *
 * Returns the pool or an ERR_PTR. The caller owns a reference, which ends with
 * vlb_pool_put(); descriptors given to user space hold their own.
 */
struct vlb_pool *vlb_pool_create(unsigned int nslots, unsigned int max_queue_size, u64 bounce_size,
				 size_t told)
{
	struct vlb_pool *pool;
	struct vring ring;
	int err;

	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (!pool)
		return ERR_PTR(-ENOMEM);
	vring_init(&ring, max_queue_size, NULL, PAGE_SIZE);
	pool->slot_ro = (unsigned long)ring.used / PAGE_SIZE;
	pool->slot_rw = DIV_ROUND_UP(vring_size(max_queue_size, PAGE_SIZE), PAGE_SIZE) -
			pool->slot_ro;
	pool->nslots = nslots;
	pool->told = told / PAGE_SIZE;
	pool->npages = (unsigned long)nslots * (pool->slot_ro + pool->slot_rw) +
		       bounce_size / PAGE_SIZE;
	pool->file = vlb_shmem_file("virtio-loopback-pool", vlb_pool_size(pool));
	if (IS_ERR(pool->file)) {
		err = PTR_ERR(pool->file);
		kfree(pool);
		return ERR_PTR(err);
	}
	err = vlb_pool_populate(pool);
	if (err) {
		struct file *file = pool->file;

		vlb_pool_free(pool);
		fput(file);
		return ERR_PTR(err);
	}
	vlb_pool_take_over(pool);
	return pool;
}

void vlb_pool_put(struct vlb_pool *pool)
{
	fput(pool->file);
}

/*
 * Fenced, the used rings belong to the kernel alone: user space finds a page in
 * their place that nobody reads. Its mappings stay, so a daemon that is late
 * comes to no harm. May sleep.
 */
void vlb_pool_fence(struct vlb_pool *pool, bool on)
{
	unsigned long i;

	if (READ_ONCE(pool->fenced) == on)
		return;
	WRITE_ONCE(pool->fenced, on);
	for (i = 0; i < (unsigned long)pool->nslots * (pool->slot_ro + pool->slot_rw); i++) {
		if (vlb_pool_page_is_ro(pool, i))
			continue;
		lock_page(pool->pages[i]);
		unlock_page(pool->pages[i]);
	}
	unmap_mapping_range(pool->file->f_mapping, 0, vlb_pool_bounce_offset(pool), 1);
}

u64 vlb_pool_size(const struct vlb_pool *pool)
{
	return (u64)pool->npages << PAGE_SHIFT;
}

size_t vlb_pool_bounce_offset(const struct vlb_pool *pool)
{
	return (size_t)pool->nslots * (pool->slot_ro + pool->slot_rw) * PAGE_SIZE;
}

/*
 * A smaller ring than the slot's is moved up, so that its used ring begins
 * where the slot's writable pages do.
 */
struct vring vlb_pool_ring(const struct vlb_pool *pool, unsigned int slot, unsigned int size)
{
	struct vring ring;
	size_t used;

	vring_init(&ring, size, NULL, PAGE_SIZE);
	used = ((size_t)slot * (pool->slot_ro + pool->slot_rw) + pool->slot_ro) * PAGE_SIZE;
	vring_init(&ring, size, pool->vaddr + used - (unsigned long)ring.used, PAGE_SIZE);
	return ring;
}
