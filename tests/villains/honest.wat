;; No villain: answers the name of its client.
;; fault: none
;;@CORE
(func (export "shape") (param i32) (result i32) (call $answer (i32.load (local.get 0)) (i32.load offset=4 (local.get 0))))
