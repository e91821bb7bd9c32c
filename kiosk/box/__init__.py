"""This box itself: room on its disks, its clock."""
