;; Reads at the end of the address space.
;; fault: trapped
;;@CORE
(func (export "shape") (param i32) (result i32) (i32.load offset=0xffffffff (i32.const -4)))
