"""Forms (表单): files in a folder of the box, filled in at a terminal, printed on A4 or handed to the window.

Start with ``files``. ``paper`` needs the extra ``forms`` and is imported where a form is printed or checked.
"""
