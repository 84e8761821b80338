// Laws for directions, and the like.
