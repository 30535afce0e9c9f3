//! New tokens in the place of old ones, from forges that give them in their own ways.

mod at_the_forge;
