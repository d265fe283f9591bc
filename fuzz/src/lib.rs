//! What the targets for objects share: everything that is done with one object, and changes that keep an object's headers valid.

mod mutate;
mod object;

pub use mutate::mutate;
pub use object::check_and_link;
